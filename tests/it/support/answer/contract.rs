//! The contract's "Conventions": checks for every response of a function, here and in `fuzz/`.

use super::Answer;

pub(super) fn check(answer: &Answer) {
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let policy = answer.header("content-security-policy");
    assert_eq!(policy, Some("default-src 'none'; base-uri 'none'; frame-ancestors 'none'"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000; includeSubDomains"));
    assert_eq!(answer.header("set-cookie"), None, "no session is in a cookie");
    if answer.status < 400 {
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(answer.header("x-error").is_none() && answer.header("x-error-id").is_none());
        return;
    }
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let said = answer.header("x-error").expect("x-error");
    assert!(!said.is_empty() && said.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{said}");
    let id = answer.header("x-error-id").expect("x-error-id");
    uuid::Uuid::parse_str(id).expect("a UUID");
    assert_eq!(answer.body["detail"], said);
    assert_eq!(answer.body["instance"], format!("urn:uuid:{id}"));
    assert_eq!(answer.body["status"], answer.status);
    assert!(answer.body["type"].is_string() && answer.body["title"].is_string());
    let is_step_up = answer.body["type"] == "urn:latchkey:problem:step-up-required";
    let challenge = answer.header("www-authenticate");
    match (answer.status, is_step_up) {
        (401, true) => {
            let challenge = challenge.expect("a challenge");
            assert!(
                challenge.starts_with(r#"Bearer error="insufficient_user_authentication", max_age=""#),
                "{challenge}"
            );
        }
        (401, false) => assert_eq!(challenge, Some("Bearer")),
        _ => assert_eq!(challenge, None),
    }
    assert_eq!(answer.header("retry-after").is_some(), matches!(answer.status, 429 | 503));
    let message = answer.body["errors"][0]["message"].as_str();
    assert!(message.is_none_or(|message| said.contains(message)), "{said}");
}

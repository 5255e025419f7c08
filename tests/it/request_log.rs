//! The log has one line for every request (docs/operations.md, "The log"): the function, the result
//! and the user. It reveals attacks on a code or an account, but no personal data.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, Proxy, Settings, UNKNOWN_ID, failing, function, log_lines, product, product_with, wrong};

/// Returns the fields of each log line of a user, oldest first.
fn lines_of(user_id: &str) -> Vec<BTreeMap<String, String>> {
    let of_user = format!("user_id={user_id}");
    log_lines().iter().filter(|line| line.contains(&of_user)).map(|line| fields(line)).collect()
}

fn fields(line: &str) -> BTreeMap<String, String> {
    let level = line.split_whitespace().next().unwrap_or_default();
    let mut fields: BTreeMap<_, _> = line
        .split_whitespace()
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
        .collect();
    fields.insert("level".to_owned(), level.to_owned());
    fields
}

/// Returns the line of a refused or failed request.
fn line_of(answer: &Answer) -> String {
    let error_id = format!("error_id={}", answer.header("x-error-id").expect("an ID"));
    log_lines().into_iter().find(|line| line.contains(&error_id)).expect("a line")
}

/// Returns the function, status and level of a line.
fn outcome(line: &BTreeMap<String, String>) -> (&str, &str, &str) {
    (&line["function"], &line["status"], &line["level"])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_requests_of_a_user_are_found_in_the_log_by_the_users_id() {
    product(async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        product.session(&john.bearer).await.expect(200);
        product.prefer(&john, "1c233e4a-27e7-4b77-8b0d-9a35cf212afe").await.refused(404, "address");
        product.close(&john, &john.session_id).await.acknowledged();
        product.session(&john.bearer).await.refused(401, "bearer");

        let lines = lines_of(&john.user_id);
        let expected = [
            ("verify-session", "202", "INFO"),
            (function("GET", "/session"), "200", "INFO"),
            ("prefer-email", "404", "WARN"),
            ("close-session", "202", "INFO"),
        ];
        // The sign-up of the test also checks the session.
        let outcomes: Vec<_> = lines.iter().map(outcome).collect();
        assert!(expected.iter().all(|one| outcomes.contains(one)), "{outcomes:?}");
        assert_eq!(outcomes.first(), expected.first());
        assert_eq!(outcomes.last(), expected.last(), "a closed session has no user");
        for line in &lines {
            let took: f64 = line["duration_ms"].parse().expect("a number");
            assert!(took > 0.0, "{line:?}");
            assert_eq!(line.contains_key("error_id"), line["level"] != "INFO", "{line:?}");
        }
    })
    .await;
}

/// ASVS 16.3.1: failed verifications are logged as well, although their user is unknown.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_and_right_guesses_are_logged() {
    product(async |product| {
        let asked = product.ask_to_sign_up("john@doe.net", "johny").await.expect(202);
        let (id, code) = (asked.text("verificationCodeID"), product.newest_code("john@doe.net").await);
        let refused = product.verify_session(&id, &wrong(&code)).await.expect(401);
        let line = fields(&line_of(&refused));
        assert_eq!(outcome(&line), ("verify-session", "401", "WARN"));
        assert_eq!(line["error_kind"], "code-refused");
        assert!(!line.contains_key("user_id"));

        product.verify_session(&id, &code).await.acknowledged();
        let user_id = product.session(&asked.text("bearer")).await.expect(200).text("userID");
        assert_eq!(outcome(&lines_of(&user_id)[0]), ("verify-session", "202", "INFO"));
    })
    .await;
}

/// The lines of an attack show which codes and addresses are guessed at and from how many sources,
/// by hashes that are equal for equal addresses and sources.
#[tokio::test(flavor = "multi_thread")]
async fn refused_codes_show_who_is_attacked_without_personal_data() {
    product(async |product| {
        let guess = async |source: u8, path: &str, id: &str, code: &str| {
            let body = json!({"verificationCodeID": id, "code": wrong(code)});
            let answer = product.send(product.request_from([127, 0, 0, source], Method::PUT, path).json(&body)).await;
            let line = line_of(&answer.expect(401));
            for secret in ["doe.net", "127.0.0", code, wrong(code).as_str()] {
                assert!(!line.contains(secret), "{line}");
            }
            let fields = fields(&line);
            assert_eq!(fields["verification_id"], id);
            (fields.get("address_hash").cloned(), fields["source_hash"].clone())
        };
        let (session, email) = ("/session/verification", "/email/verification");
        let (johns, code) = product.sign_up_code("john@doe.net", "johny").await;
        let (again, other) = product.sign_up_code("John@DOE.net", "john").await;
        let (janes, another) = product.sign_up_code("jane@doe.net", "jane").await;
        let first = guess(2, session, &johns.id, &code).await;
        let second = guess(3, session, &again.id, &other).await;
        let third = guess(2, session, &janes.id, &another).await;
        for hash in [first.0.as_ref().expect("an address"), &first.1] {
            assert!(hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
        }
        assert!(first.0 == second.0 && first.1 != second.1, "one address, two sources");
        assert!(first.0 != third.0 && first.1 == third.1, "two addresses, one source");
        assert_ne!(first.0.as_ref(), Some(&first.1));
        // An unknown code, or one of another purpose, has no address.
        assert_eq!(guess(2, session, UNKNOWN_ID, &code).await, (None, first.1.clone()));
        assert_eq!(guess(2, email, &johns.id, &code).await, (None, first.1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_first_request_of_a_function_is_logged_as_a_cold_start() {
    product(async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for _ in 0..2 {
            assert_eq!(product.emails(&john).await.len(), 1);
        }
        let lines = lines_of(&john.user_id);
        let of_list = lines.iter().filter(|line| line["function"] == "list-emails");
        assert_eq!(of_list.map(|line| line["cold_start"].as_str()).collect::<Vec<_>>(), ["true", "false"]);
    })
    .await;
}

/// The line has the operation and the error code, but not DynamoDB's message, which may contain
/// data.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_logged_with_its_operation_and_code_but_no_message() {
    let proxy = Proxy::start().await;
    product_with(Settings::through(&proxy), async |product| {
        proxy.lead_to(product);
        let john = product.sign_up("john@doe.net", "johny").await;
        proxy.decide(failing("GetItem"));
        let failed = product.session(&john.bearer).await.expect(503);
        proxy.mend();
        let line = line_of(&failed);
        assert!(line.contains(r#"cause="store: GetItem: InternalServerError""#), "{line}");
        assert!(!line.contains("a fault of the test's"), "{line}");
    })
    .await;
}

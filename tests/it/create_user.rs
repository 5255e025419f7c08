//! `POST /user`: signing up.

use std::{collections::BTreeSet, time::Duration};

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, EmailKind, Product, Requested, Settings, product, product_with, wrong};

const JOHN: &str = "john@doe.net";

#[tokio::test(flavor = "multi_thread")]
async fn verifying_the_code_creates_the_account_and_signs_in() {
    product(async |product| {
        let response =
            product.mailing(product.ask_to_sign_up(JOHN, "johny"), &[(EmailKind::Code, JOHN)]).await.expect(202);
        let requested = Requested::of(&response);
        product.session(&requested.bearer).await.refused(401, "active session");

        let code = product.newest_code(JOHN).await;
        product.verify_session(&requested.id, &wrong(&code)).await.refused(401, "code");
        product.mailing(product.verify_session(&requested.id, &code), &[]).await.acknowledged();

        let session = product.session(&requested.bearer).await.expect(200);
        assert_eq!(session.body["sessionID"], requested.session_id);
        assert_eq!(session.body["expireAt"], response.body["expireAt"]);
        assert_eq!(product.user(&session.text("userID")).await.expect(200).body, json!({"alias": "johny"}));
        let emails = product.call_as(&requested.bearer, Method::GET, "/emails", None).await.expect(200);
        assert_json_snapshot!(product.redacted(&emails.body), @r#"
        {
          "emails": [
            {
              "address": "john@doe.net",
              "deliverable": true,
              "emailID": "[ID]",
              "preferred": true,
              "verified": true
            }
          ]
        }
        "#);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_response_has_everything_that_a_client_needs_except_the_code() {
    product(async |product| {
        let body = json!({"email": JOHN, "fullName": "John Doe", "alias": "johny"});
        let request = product.request(Method::POST, "/user").header("user-agent", "Firefox").json(&body);
        let response = product.send(request).await.expect(202);
        assert_json_snapshot!(product.redacted(&response.body), @r#"
        {
          "bearer": "[bearer]",
          "expireAt": "[in 24 h]",
          "ip": "127.0.0.1",
          "sessionID": "[ID]",
          "userAgent": "Firefox",
          "verificationCodeID": "[ID]"
        }
        "#);
        let code = product.newest_code(JOHN).await;
        assert!(!response.body.to_string().contains(&code) && !format!("{:?}", response.headers).contains(&code));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_user_exists_before_the_code_is_verified() {
    product(async |product| {
        product.sign_up_code(JOHN, "johny").await;
        let items = product.items().await;
        let kinds: BTreeSet<_> = items.iter().map(|item| item.text("pk").split('#').next().unwrap()).collect();
        assert_eq!(kinds, BTreeSet::from(["ALIAS", "RATE_LIMIT", "CODE"]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unverified_sign_up_leaves_nothing_behind() {
    product(async |product| {
        let (requested, code) = product.sign_up_code(JOHN, "johny").await;
        product.pass(Duration::from_mins(10));
        product.verify_session(&requested.id, &code).await.refused(401, "code");
        product.session(&requested.bearer).await.refused(401, "bearer");
        product.mailing(product.ask_to_sign_in(JOHN), &[(EmailKind::NoAccount, JOHN)]).await.expect(202);
        let (again, code) = product.sign_up_code(JOHN, "johny").await;
        product.pass(Duration::from_hours(25));
        product.verify_session(&again.id, &code).await.refused(401, "code");
        // The right code after its expiry is not recorded as a wrong guess.
        product.stack.sweep().await.unwrap();
        assert_eq!(product.items().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_code_of_a_repeated_sign_up_creates_the_account() {
    product(async |product| {
        let (first, first_code) = product.sign_up_code(JOHN, "johny").await;
        let (second, second_code) = product.sign_up_code(JOHN, "johny").await;
        assert_ne!(first.id, second.id);
        product.verify_session(&first.id, &second_code).await.refused(401, "code");
        product.verify_session(&first.id, &first_code).await.acknowledged();
        // The other code is void, and creates no second account.
        product.verify_session(&second.id, &second_code).await.refused(401, "code");
        product.session(&first.bearer).await.expect(200);
        product.session(&second.bearer).await.refused(401, "bearer");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sign_up_that_is_verified_decides_the_alias() {
    product(async |product| {
        let (first, code) = product.sign_up_code(JOHN, "johny").await;
        let (second, _) = product.sign_up_code(JOHN, "john").await;
        product.verify_session(&first.id, &code).await.acknowledged();
        assert_eq!(product.session(&first.bearer).await.expect(200).text("alias"), "johny");
        product.session(&second.bearer).await.refused(401, "bearer");
        // The other alias is free again when its code has expired.
        product.pass(Duration::from_mins(10));
        product.sign_up("jane@doe.net", "john").await;
    })
    .await;
}

fn assert_alias_is_taken(response: Answer) {
    let response = response.refused(400, "alias is taken");
    assert_eq!(
        response.body["errors"],
        json!([{"field": "alias", "code": "taken", "message": "is taken. Choose another one."}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_is_reserved_until_the_code_of_its_sign_up_expires() {
    product(async |product| {
        let (john, code) = product.sign_up_code(JOHN, "johny").await;
        let before = product.contents().await;
        for spelling in ["johny", "JOHNY", "\u{ff4a}ohny"] {
            assert_alias_is_taken(product.ask_to_sign_up("jane@doe.net", spelling).await);
        }
        product.assert_unchanged_but_rate_limits(&before).await;
        product.pass(Duration::from_mins(9));
        assert_alias_is_taken(product.ask_to_sign_up("jane@doe.net", "johny").await);
        product.pass(Duration::from_mins(1));
        product.sign_up("jane@doe.net", "johny").await;
        product.verify_session(&john.id, &code).await.refused(401, "code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_sign_up_extends_the_reservation_of_its_alias() {
    product(async |product| {
        product.sign_up_code(JOHN, "johny").await;
        product.pass(Duration::from_mins(9));
        let again = Requested::of(&product.ask_to_sign_up(" JOHN@DOE.NET ", "Johny").await.expect(202));
        let code = product.newest_code(JOHN).await;
        product.pass(Duration::from_mins(9));
        assert_alias_is_taken(product.ask_to_sign_up("jane@doe.net", "johny").await);
        product.verify_session(&again.id, &code).await.acknowledged();
        assert_eq!(product.session(&again.bearer).await.expect(200).text("alias"), "Johny");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_belongs_to_its_user_permanently() {
    product(async |product| {
        product.sign_up(JOHN, "Stra\u{df}e").await;
        product.sign_up("jose@doe.net", "jos\u{e9}\u{df}").await;
        product.pass(Duration::from_hours(100 * 24));
        product.stack.sweep().await.unwrap();
        let fullwidth = "\u{ff53}\u{ff54}\u{ff52}\u{ff41}\u{ff53}\u{ff53}\u{ff45}";
        for spelling in ["Stra\u{df}e", "strasse", "STRASSE", fullwidth, "JOSE\u{301}SS", "jos\u{e9}\u{1e9e}"] {
            assert_alias_is_taken(product.ask_to_sign_up("jane@doe.net", spelling).await);
        }
        // Its own user cannot take it a second time either.
        assert_alias_is_taken(product.ask_to_sign_up(JOHN, "strasse").await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn similar_letters_of_another_script_make_another_alias() {
    product(async |product| {
        product.sign_up(JOHN, "pox").await;
        // All letters are Cyrillic.
        product.sign_up("jane@doe.net", "\u{440}\u{43e}\u{445}").await;
        let scripts = "alias must not mix scripts such as Latin and Cyrillic";
        product.ask_to_sign_up("jim@doe.net", "p\u{43e}x").await.refused(400, scripts);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_user_gets_a_reserved_alias_in_any_spelling() {
    product_with(Settings::parameter("ReservedAliases", "Acme,stra\u{df}e"), async |product| {
        let before = product.contents().await;
        let reserved =
            ["admin", "Administrator", "ROOT", "\u{ff53}upport", "postmaster", "null", "me", "acme", "STRASSE"];
        for alias in reserved {
            product.ask_to_sign_up(JOHN, alias).await.refused(400, "alias is reserved. Choose another one.");
        }
        product.assert_unchanged(&before).await;
        product.sign_up(JOHN, "admins").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_of_a_taken_address_is_notified() {
    product_with(Settings::known_code_key(), async |product| {
        let john = product.sign_up("John@doe.net", "johny").await;
        let requested = product.ask_to_sign_up("john@DOE.net", "evil");
        let response = product.mailing(requested, &[(EmailKind::AlreadyRegistered, "John@doe.net")]).await.expect(202);
        let free = product.ask_to_sign_up("free@doe.net", "free").await.expect(202);
        assert_eq!(product.redacted(&response.body), product.redacted(&free.body));

        let (taken, free) = (Requested::of(&response), Requested::of(&free));
        // The code that would belong to this ID is rejected. That of the free address is accepted,
        // so the derivation in this test is right.
        let code = product.derived_code(&taken.id).await;
        product.verify_session(&taken.id, &code).await.refused(401, "code");
        product.session(&taken.bearer).await.refused(401, "bearer");
        let code = product.derived_code(&free.id).await;
        product.verify_session(&free.id, &code).await.acknowledged();
        product.session(&john.bearer).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_sign_up_that_is_verified_gets_the_address() {
    product(async |product| {
        let (john, johns) = product.sign_up_code(JOHN, "johny").await;
        let (evil, evils) = product.sign_up_code(JOHN, "evil").await;
        product.verify_session(&john.id, &johns).await.acknowledged();
        product.verify_session(&evil.id, &evils).await.refused(401, "code");
        assert_eq!(product.session(&john.bearer).await.expect(200).text("alias"), "johny");
    })
    .await;
}

/// Signs up, and returns the name and the alias that the session shows.
async fn shown(product: &Product, address: &str, full_name: &str, alias: &str) -> (String, String) {
    let body = json!({"email": address, "fullName": full_name, "alias": alias});
    let requested = Requested::of(&product.call(Method::POST, "/user", body).await.expect(202));
    let code = product.newest_code(address).await;
    product.verify_session(&requested.id, &code).await.acknowledged();
    let session = product.session(&requested.bearer).await.expect(200);
    (session.text("fullName"), session.text("alias"))
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_aliases_of_any_script_are_returned_as_typed() {
    product(async |product| {
        let widest = ("\u{1f469}\u{200d}\u{1f467}".repeat(42) + "ok", "\u{674e}".repeat(32));
        let people = [
            ("  John  Doe\t", "John.Doe", "John  Doe"),
            ("Jos\u{e9} Ortega y Gasset", "Jos\u{e9}", "Jos\u{e9} Ortega y Gasset"),
            ("\u{674e}\u{96f7}", "\u{674e}\u{96f7}", "\u{674e}\u{96f7}"),
            ("<b>O'Neill</b>", "<b>\"..", "<b>O'Neill</b>"),
            ("J", "j", "J"),
            (&widest.0, &widest.1, &widest.0),
        ];
        for (number, (full_name, alias, expected)) in people.into_iter().enumerate() {
            let shown = shown(product, &format!("{number}@doe.net"), full_name, alias).await;
            assert_eq!(shown, (expected.to_owned(), alias.to_owned()));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn email_goes_to_the_typed_address_trimmed_and_in_ascii() {
    product(async |product| {
        for (typed, mailed) in [
            (" \tJohn.Doe+tag@Example.NET\u{a0}", "John.Doe+tag@Example.NET"),
            ("john@doe.net.", "john@doe.net"),
            ("john@B\u{fc}cher.de", "john@xn--bcher-kva.de"),
            ("o'neill!#$%&*/=?^_`{|}~-@doe.net", "o'neill!#$%&*/=?^_`{|}~-@doe.net"),
        ] {
            product.mailing(product.ask_to_sign_up(typed, "johny"), &[(EmailKind::Code, mailed)]).await;
            product.pass(Duration::from_mins(10));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spellings_of_one_address_share_one_account() {
    product(async |product| {
        let owner = "John@xn--bcher-kva.de";
        product.sign_up(owner, "johny").await;
        for spelling in ["JOHN@xn--BCHER-KVA.DE", "john@b\u{fc}cher.de.", " john@bu\u{308}cher.de"] {
            product.mailing(product.ask_to_sign_up(spelling, "j"), &[(EmailKind::AlreadyRegistered, owner)]).await;
            product.mailing(product.ask_to_sign_in(spelling), &[(EmailKind::Code, owner)]).await;
            product.pass(Duration::from_mins(10));
        }
    })
    .await;
}

/// Some mail providers deliver these to one mailbox. Here they are different addresses, and each
/// belongs to the account that verifies it.
#[tokio::test(flavor = "multi_thread")]
async fn a_tag_or_a_dot_makes_a_different_address() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        for (number, other) in ["john+jane@doe.net", "jo.hn@doe.net", "john+@doe.net"].into_iter().enumerate() {
            product.mailing(product.ask_to_sign_in(other), &[(EmailKind::NoAccount, other)]).await.expect(202);
            let jane = product.sign_up(other, &format!("jane{number}")).await;
            assert_ne!(jane.user_id, john.user_id);
        }
        assert_eq!(product.sign_in(&john).await.user_id, john.user_id);
    })
    .await;
}

/// Characters with a meaning in keys have none in addresses and aliases.
#[tokio::test(flavor = "multi_thread")]
async fn text_that_looks_like_a_key_of_the_table_is_plain_text() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (address, alias) = ("jane#address@doe.net", format!("user#{}", &john.user_id[..8]));
        let jane = product.sign_up(address, &alias).await;
        assert_eq!(product.user(&jane.user_id).await.text("alias"), alias);
        assert_eq!(product.user(&john.user_id).await.text("alias"), "johny");
        assert_eq!(product.emails(&jane).await[0]["address"], address);
    })
    .await;
}

/// Headers of proxies do not change the IP address.
#[tokio::test(flavor = "multi_thread")]
async fn the_ip_is_that_of_the_peer_and_the_user_agent_is_truncated() {
    product(async |product| {
        let agent = "\u{e9}".repeat(400);
        let body = json!({"email": JOHN, "fullName": "John Doe", "alias": "johny"});
        let request = product.request(Method::POST, "/user").json(&body).header("user-agent", agent.as_bytes());
        let spoofed = [("x-forwarded-for", "1.2.3.4"), ("x-real-ip", "1.2.3.4"), ("forwarded", "for=1.2.3.4")];
        let request = spoofed.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let response = product.send(request).await.expect(202);
        assert_eq!(response.text("ip"), "127.0.0.1");
        assert_eq!(response.text("userAgent"), "\u{e9}".repeat(256));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_cannot_choose_values_that_the_service_assigns() {
    product(async |product| {
        let (bearer, id) = ("x".repeat(64), "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e");
        let body = json!({
            "email": JOHN, "fullName": "John Doe", "alias": "johny", "bearer": bearer, "sessionID": id, "userID": id,
            "verificationCodeID": id, "expireAt": 9_999_999_999_i64, "ip": "1.2.3.4", "verified": true,
            "roles": ["admin"], "groups": ["staff"],
        });
        let response = product.call_as(&bearer, Method::POST, "/user", Some(body)).await.expect(202);
        let text = response.body.to_string();
        assert!(!text.contains(&bearer) && !text.contains(id) && !text.contains("1.2.3.4"), "{text}");
        let requested = Requested::of(&response);
        product.session(&requested.bearer).await.refused(401, "active session");
        let code = product.newest_code(JOHN).await;
        product.verify_session(&requested.id, &code).await.acknowledged();
        product.session(&bearer).await.refused(401, "bearer");
        let session = product.session(&requested.bearer).await.expect(200);
        assert_eq!((&session.body["roles"], &session.body["groups"]), (&json!(["user"]), &json!(["public"])));
    })
    .await;
}

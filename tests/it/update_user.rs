//! `PUT /user`: changes the full name, the alias, or both.

use clap::Parser;
use serde_json::json;
use shared::Config;

use crate::support::{Product, Settings, UNKNOWN_ID, product, product_with};

const JOHN: &str = "john@doe.net";

#[tokio::test(flavor = "multi_thread")]
async fn every_active_session_shows_the_change_at_once() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let other = product.sign_in(&john).await;
        let key_pair = product.add_key_pair(&john).await;
        let profile = json!({"fullName": " Jöhn  Doe ", "alias": "Johnny"});
        product.mailing(product.update_user(&john, profile), &[]).await.acknowledged();
        for bearer in [&john.bearer, &other.bearer] {
            let session = product.session(bearer).await.expect(200);
            assert_eq!((session.text("fullName"), session.text("alias")), ("Jöhn  Doe".into(), "Johnny".into()));
        }
        let account = product.account(&john).await;
        assert_eq!((&account["fullName"], &account["alias"]), (&json!("Jöhn  Doe"), &json!("Johnny")));
        let checked = product.check_key_pair(&key_pair).await.expect(200);
        assert_eq!((checked.text("userName"), checked.text("userAlias")), ("Jöhn  Doe".into(), "Johnny".into()));
        assert_eq!(product.user(&john.user_id).await.expect(200).body, json!({"alias": "Johnny"}));
        // And so does a later one.
        let later = product.sign_in(&john).await;
        assert_eq!(product.session(&later.bearer).await.expect(200).text("alias"), "Johnny");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_left_out_stays() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        for (profile, expected) in
            [(json!({"fullName": "J. Doe"}), ("J. Doe", "johny")), (json!({"alias": "jd"}), ("J. Doe", "jd"))]
        {
            product.update_user(&john, profile).await.acknowledged();
            let account = product.account(&john).await;
            assert_eq!((&account["fullName"], &account["alias"]), (&json!(expected.0), &json!(expected.1)));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_previous_alias_is_free_and_the_new_one_taken() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.update_user(&john, json!({"alias": "johnny"})).await.acknowledged();
        let jane = product.sign_up("jane@doe.net", "johny").await;
        product.update_user(&jane, json!({"alias": "JOHNNY"})).await.refused(400, "alias is taken");
        product.ask_to_sign_up("jim@doe.net", "Johnny").await.refused(400, "alias is taken");
        // Another spelling of one's own alias is not taken.
        product.update_user(&john, json!({"alias": "JOHNNY"})).await.acknowledged();
        assert_eq!(product.user(&john.user_id).await.expect(200).text("alias"), "JOHNNY");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_that_a_sign_up_has_reserved_is_taken_until_its_code_expires() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.ask_to_sign_up("jane@doe.net", "jane").await.expect(202);
        let before = product.contents().await;
        product.update_user(&john, json!({"alias": "jane", "fullName": "J"})).await.refused(400, "alias is taken");
        product.assert_unchanged(&before).await;
        product.pass(std::time::Duration::from_mins(10));
        product.update_user(&john, json!({"alias": "jane"})).await.acknowledged();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_or_empty_change_is_refused_and_changes_nothing() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let before = product.contents().await;
        for (profile, error) in [
            (json!({}), "fullName is missing: provide fullName, alias, or both"),
            (json!({"name": "J"}), "fullName is missing"),
            (json!({"fullName": " ", "alias": "a b"}), "alias"),
            (json!({"fullName": 7}), "fullName must be a string"),
            (json!({"fullName": null, "alias": "jd"}), "fullName is missing"),
            (json!({"alias": "admin"}), "alias is reserved"),
        ] {
            product.update_user(&john, profile).await.refused(400, error);
        }
        product.assert_unchanged(&before).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_else_can_be_assigned() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let before = product.account(&john).await;
        let all = json!({
            "fullName": "J. Doe", "roles": ["admin"], "groups": ["staff"], "userID": john.session_id, "createdAt": 0,
            "emails": [], "preferredEmailID": john.session_id, "version": 99, "language": "de", "deletedAt": 1,
        });
        product.update_user(&john, all).await.acknowledged();
        let mut expected = before;
        expected["fullName"] = json!("J. Doe");
        assert_eq!(product.account(&john).await, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_groups_that_an_operator_sets_reach_active_sessions() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let other = product.sign_in(&john).await;
        let key_pair = product.add_key_pair(&john).await;
        for command in [&["set-roles", &john.user_id, "user", "admin"][..], &["set-groups", &john.user_id]] {
            operate(product, command).await.expect("a change");
        }
        let expected = (&json!(["user", "admin"]), &json!([]));
        let checked = product.check_key_pair(&key_pair).await.expect(200).body;
        assert_eq!((&checked["roles"], &checked["groups"]), expected);
        for bearer in [&john.bearer, &other.bearer, &product.sign_in(&john).await.bearer] {
            let session = product.session(bearer).await.expect(200).body;
            assert_eq!((&session["roles"], &session["groups"]), expected);
            assert_eq!((&session["fullName"], &session["alias"]), (&json!("John Doe"), &json!("johny")));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_cannot_change_a_user_who_does_not_exist() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.delete_user(&john).await.acknowledged();
        let before = product.contents().await;
        for user in [UNKNOWN_ID, &john.user_id] {
            let refused = operate(product, &["set-roles", user, "admin"]).await.expect_err("no such user");
            assert!(refused.contains("no such user"), "{refused}");
        }
        product.assert_unchanged(&before).await;
    })
    .await;
}

/// Runs a command of the operator's tool, with the environment of a function.
async fn operate(product: &Product, command: &[&str]) -> Result<String, String> {
    let environment = product.stack.environment("update-user").expect("the environment");
    let config = Config::from_variables(&|name| environment.get(name).cloned()).expect("a configuration");
    let arguments = admin::Arguments::try_parse_from(["latchkey-admin"].iter().chain(command)).expect("a command");
    admin::run(arguments, &config, product.stack.clock().now()).await
}

/// With as many sessions as a deployment can allow, the change still is one transaction.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_the_maximum_of_sessions_can_change_the_alias() {
    let settings = Settings::with_mail_for_all().and("SessionsPerUser", "80");
    product_with(settings, async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let mut key_pairs = Vec::new();
        for _ in 0..10 {
            key_pairs.push(product.add_key_pair(&john).await);
        }
        let mut sessions = Vec::new();
        for _ in 0..80 {
            sessions.push(product.sign_in(&john).await);
        }
        let last = sessions.last().expect("a session");
        assert_eq!(product.sessions(last).await.len(), 80);
        product.update_user(last, json!({"alias": "johnny"})).await.acknowledged();
        for session in &sessions {
            assert_eq!(product.session(&session.bearer).await.expect(200).text("alias"), "johnny");
        }
        for key_pair in &key_pairs {
            assert_eq!(product.check_key_pair(key_pair).await.expect(200).text("userAlias"), "johnny");
        }
    })
    .await;
}

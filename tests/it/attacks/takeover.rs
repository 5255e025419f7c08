//! Getting at other people's accounts and addresses, or keeping a foot in their door.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::{Letter, Requested, Settings, code_in, product, product_with};

const VICTIM: &str = "victim@doe.net";
const EVIL: &str = "evil@attacker.example";

/// Attack 25. Whoever came first in another's name has neither session nor code, nor is he in the victim's way.
#[tokio::test(flavor = "multi_thread")]
async fn who_signed_a_victim_up_in_advance_has_nothing_when_the_victim_comes() {
    product(async |product| {
        let (signed_up, code) = product.sign_up_code(VICTIM, "victim").await;
        let signed_in = Requested::of(&product.ask_to_sign_in(VICTIM).await.expect(202));
        let victim = product.sign_up(VICTIM, "victim").await;
        // Even with the very code that was mailed to the victim for his own sign-up.
        product.verify_session(&signed_up.id, &code).await.refused(401, "code");
        for asked in [&signed_up, &signed_in] {
            product.session(&asked.bearer).await.refused(401, "bearer");
            product.extend(&asked.bearer).await.refused(401, "bearer");
        }
        assert_eq!(product.sessions(&victim).await.len(), 1);
        assert_eq!(product.emails(&victim).await.len(), 1);
        // His next try reaches the victim, as a warning without a code.
        product.pass(Duration::from_mins(5));
        product
            .mailing(product.ask_to_sign_up(VICTIM, "evil"), &[(Letter::AlreadyRegistered, VICTIM)])
            .await
            .expect(202);
    })
    .await;
}

/// Attack 25, with a sign-in that was asked for before there was an account: the code that it would have is worth nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_asked_for_in_advance_opens_nothing_even_if_its_code_is_guessed() {
    product_with(Settings::known_code_key(), async |product| {
        let asked = Requested::of(&product.ask_to_sign_in(VICTIM).await.expect(202));
        product.stack.delivered().await;
        product.sign_up(VICTIM, "victim").await;
        let guessed = product.derived_code(&asked.id).await;
        product.verify_session(&asked.id, &guessed).await.refused(401, "code");
        product.session(&asked.bearer).await.refused(401, "bearer");
    })
    .await;
}

/// Attack 26. An unverified entry blocks nobody, and what its owner does with it touches nobody.
#[tokio::test(flavor = "multi_thread")]
async fn who_squats_on_an_address_has_nothing_when_its_owner_comes() {
    product(async |product| {
        let attacker = product.sign_up(EVIL, "evil").await;
        let (pending, code) = product.email_code(&attacker, VICTIM).await;
        let entry = product.email_id(&attacker, VICTIM).await;
        // Until then it signs nobody in, and the attacker least of all.
        product.mailing(product.ask_to_sign_in(VICTIM), &[(Letter::NoAccount, VICTIM)]).await.expect(202);
        let victim = product.sign_up(VICTIM, "victim").await;
        product.verify_email(&pending, &code).await.refused(401, "code");
        product.verify_email_as(&attacker.bearer, &pending, &code).await.refused(401, "code");
        product.prefer(&attacker, &entry).await.refused(403, "Verify");
        product.pass(Duration::from_mins(5));
        let told = &[(Letter::BelongsToAnother, VICTIM)];
        product.mailing(product.ask_again(&attacker, VICTIM), told).await.expect(202);
        // Taking his entry back takes nothing from the owner.
        product.delete_email(&attacker, &entry).await.acknowledged();
        assert_eq!(product.sign_in(&victim).await.user_id, victim.user_id);
    })
    .await;
}

/// A sign-in belongs to whoever had the address when it was mailed. When the address changes hands, it opens neither account.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_through_an_address_that_changed_hands_opens_nobody_s_account() {
    product(async |product| {
        let shared = "desk@office.example";
        let before = product.sign_up("john@doe.net", "johny").await;
        let entry = product.add_email(&before, shared).await;
        let (asked, code) = product.sign_in_code(shared).await;
        product.delete_email(&before, &entry).await.acknowledged();
        let after = product.sign_up("jane@doe.net", "jane").await;
        product.add_email(&after, shared).await;
        product.verify_session(&asked.id, &code).await.refused(401, "code");
        product.session(&asked.bearer).await.refused(401, "bearer");
        product.pass(Duration::from_mins(5));
        assert_eq!(product.sign_in_through(&after, shared).await.user_id, after.user_id);
        assert_eq!(product.sessions(&before).await.len(), 1);
    })
    .await;
}

/// Attack 36: there is one session to a code. A bearer that somebody else was given for the same address stays worthless.
#[tokio::test(flavor = "multi_thread")]
async fn a_victim_s_code_opens_his_session_and_not_the_attacker_s() {
    product(async |product| {
        product.sign_up(VICTIM, "victim").await;
        product.pass(Duration::from_mins(5));
        let attacker = Requested::of(&product.ask_to_sign_in(VICTIM).await.expect(202));
        let (own, code) = product.sign_in_code(VICTIM).await;
        product.verify_session(&own.id, &code).await.acknowledged();
        product.session(&own.bearer).await.expect(200);
        product.session(&attacker.bearer).await.refused(401, "bearer");
        // A bearer that comes along with the proof is not upgraded by it either.
        let (own, code) = product.sign_in_code(VICTIM).await;
        let body = json!({"verificationCodeID": own.id, "code": code, "bearer": attacker.bearer});
        product.call_as(&attacker.bearer, Method::PUT, "/session/verification", Some(body)).await.acknowledged();
        product.session(&attacker.bearer).await.refused(401, "bearer");
    })
    .await;
}

/// Attack 5, after an end that was asked for.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_opens_nothing_after_its_session_was_closed() {
    product(async |product| {
        product.sign_up(VICTIM, "victim").await;
        let (asked, code) = product.sign_in_code(VICTIM).await;
        product.verify_session(&asked.id, &code).await.acknowledged();
        let path = format!("/session/{}", asked.session_id);
        product.call_as(&asked.bearer, Method::DELETE, &path, None).await.acknowledged();
        product.verify_session(&asked.id, &code).await.refused(401, "code");
        product.session(&asked.bearer).await.refused(401, "bearer");
        product.extend(&asked.bearer).await.refused(401, "bearer");
    })
    .await;
}

/// Attack 31. The hash of a bearer has the form of one: 64 letters and digits.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_the_api_or_the_table_shows_is_a_bearer() {
    product(async |product| {
        let victim = product.sign_up(VICTIM, "victim").await;
        let email = product.email_id(&victim, VICTIM).await;
        let asked = Requested::of(&product.ask_to_sign_in(VICTIM).await.expect(202));
        let mut shown = vec![victim.user_id.clone(), victim.session_id.clone(), email, asked.id, asked.session_id];
        let doubled: Vec<_> = shown.iter().map(|id| id.replace('-', "").repeat(2)).collect();
        shown.extend(doubled);
        for item in product.items().await {
            shown.extend(["pk", "sk", "tokenHash", "nonce"].map(|name| item.text(name).to_owned()));
            shown.push(item.text("pk").trim_start_matches("SESSION#").to_owned());
        }
        assert!(shown.iter().any(|text| text.len() == 64), "no hash among them");
        for text in shown {
            product.session(&text).await.refused(401, "bearer");
        }
        product.session(&victim.bearer).await.expect(200);
    })
    .await;
}

/// Knowing that a code was asked for, and by what ID, is no help: the code is the proof.
#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_one_account_proves_nothing_for_another() {
    product(async |product| {
        let (first, code) = product.sign_up_code(VICTIM, "victim").await;
        let (second, evil) = product.sign_up_code(EVIL, "evil").await;
        if code != evil {
            product.verify_session(&first.id, &evil).await.refused(401, "code");
            product.verify_session(&second.id, &code).await.refused(401, "code");
        }
        product.verify_session(&second.id, &evil).await.acknowledged();
        product.session(&first.bearer).await.refused(401, "bearer");
        assert_eq!(product.session(&second.bearer).await.text("alias"), "evil");
    })
    .await;
}

/// Attack 34, at its end: what expired is refused before it is deleted, and nobody's account goes with it when it is.
#[tokio::test(flavor = "multi_thread")]
async fn months_later_accounts_are_all_that_is_left() {
    product(async |product| {
        let victim = product.sign_up(VICTIM, "victim").await;
        product.add_email(&victim, "victim@work.example").await;
        product.sign_in(&victim).await;
        product.ask_to_sign_up(EVIL, "evil").await.expect(202);
        product.mails().await;
        product.pass(Duration::from_hours(90 * 24));
        product.session(&victim.bearer).await.refused(401, "bearer");
        product.stack.sweep().await.expect("a sweep");
        let left = product.items().await;
        let is_account = |kind: &str| ["USER", "EMAIL", "ADDRESS", "ALIAS"].contains(&kind);
        let kind = |sk: &str| sk.split('#').next().unwrap_or_default().to_owned();
        assert!(left.iter().all(|item| is_account(&kind(item.text("sk")))), "{left:?}");
        assert_eq!(left.len(), 1 + 2 + 2 + 1, "{left:?}");
        assert_eq!(product.sign_in(&victim).await.user_id, victim.user_id);
        assert!(product.mails_to(EVIL).await.iter().filter_map(code_in).count() == 1);
    })
    .await;
}

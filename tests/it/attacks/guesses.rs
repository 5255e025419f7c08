//! Guessing codes.

use std::{collections::BTreeSet, time::Duration};

use reqwest::Method;
use serde_json::json;

use crate::support::{Product, Proxy, Requested, Settings, UNKNOWN_ID, code_in, failing, product, product_with, wrong};

const VICTIM: &str = "victim@doe.net";

/// Submits a wrong code for a session this many times.
async fn submit_wrong_codes(product: &Product, requested: &Requested, code: &str, times: usize) {
    for _ in 0..times {
        product.verify_session(&requested.id, &wrong(code)).await.refused(401, "code");
    }
}

/// The number of wrong guesses that are recorded against the victim.
async fn counted(product: &Product) -> usize {
    let items = product.items().await;
    let rate_limit = items.iter().find(|item| item.text("pk") == format!("RATE_LIMIT#{VICTIM}"));
    rate_limit.expect("the rate limit of the address").list("wrongGuesses").len()
}

/// A new code does not reset the wrong guesses at earlier codes.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_allows_100_wrong_guesses_of_which_10_are_at_short_codes() {
    product(async |product| {
        product.sign_up(VICTIM, "victim").await;
        product.pass(Duration::from_hours(25));
        let (mut lengths, mut refused) = (Vec::new(), 0);
        for _ in 0..24 {
            let response = product.ask_to_sign_in(VICTIM).await;
            if response.status == 429 {
                refused += 1;
            } else {
                let requested = Requested::of(&response.expect(202));
                let code = product.newest_code(VICTIM).await;
                lengths.push(code.len());
                // After five wrong guesses, even the right code is rejected.
                submit_wrong_codes(product, &requested, &code, 5).await;
                product.verify_session(&requested.id, &code).await.refused(401, "code");
            }
            product.pass(Duration::from_mins(59));
        }
        let long = [12; 18];
        assert_eq!(lengths, [&[6, 6][..], &long].concat(), "codes have six digits until ten guesses were wrong");
        assert_eq!((refused, counted(product).await), (4, 100));
    })
    .await;
}

/// The limit applies to the canonical address, so other spellings of it do not evade it.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_guesses_add_up_across_spellings_of_an_address() {
    product(async |product| {
        for (spelt, alias) in [("victim@doe.net", "a"), (" VICTIM@doe.net", "b"), ("Victim@DOE.net.", "c")] {
            let (requested, code) = product.sign_up_code(spelt.trim().trim_end_matches('.'), alias).await;
            assert_eq!(code.len(), if alias == "c" { 12 } else { 6 });
            submit_wrong_codes(product, &requested, &code, 5).await;
        }
        assert_eq!(counted(product).await, 15);
    })
    .await;
}

/// Wrong guesses make codes longer, but never lock the owner of the address out.
#[tokio::test(flavor = "multi_thread")]
async fn a_victim_of_guessing_can_still_sign_in() {
    product(async |product| {
        let victim = product.sign_up(VICTIM, "victim").await;
        product.pass(Duration::from_mins(5));
        // The code that the victim requested before the attack stays valid, ...
        let (own, short) = product.sign_in_code(VICTIM).await;
        for _ in 0..2 {
            let (requested, code) = product.sign_in_code(VICTIM).await;
            submit_wrong_codes(product, &requested, &code, 6).await;
        }
        assert_eq!(counted(product).await, 10);
        // ... and so is a code requested after it, which has more digits.
        product.verify_session(&own.id, &short).await.acknowledged();
        let response = product.ask_to_sign_in(VICTIM).await;
        let wait = response
            .header("retry-after")
            .expect("the attacker has used up the quota of emails")
            .parse()
            .expect("seconds");
        assert!(wait <= 60);
        product.pass(Duration::from_secs(wait));
        let (requested, long) = product.sign_in_code(VICTIM).await;
        assert_eq!((short.len(), long.len()), (6, 12));
        product.verify_session(&requested.id, &long).await.acknowledged();
        assert_eq!(product.session(&requested.bearer).await.text("userID"), victim.user_id);
        // Wrong guesses are forgotten after a day.
        product.pass(Duration::from_hours(24));
        assert_eq!(product.sign_in_code(VICTIM).await.1.len(), 6);
    })
    .await;
}

/// Concurrent sign-ins with one address do not share or replace each other's codes.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_sign_ins_get_a_code_each() {
    product(async |product| {
        product.sign_up(VICTIM, "victim").await;
        product.pass(Duration::from_mins(5));
        let request = || product.request(Method::POST, "/session").json(&json!({"email": VICTIM}));
        let responses = product.race(vec![request(), request(), request()]).await;
        let requested: Vec<_> = responses.iter().map(Requested::of).collect();
        let different = |of: fn(&Requested) -> &String| requested.iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!((different(|requested| &requested.id), different(|requested| &requested.bearer)), (3, 3));
        let emails = product.emails_to(VICTIM).await.split_off(1);
        let codes: BTreeSet<_> = emails.iter().filter_map(code_in).collect();
        assert_eq!(codes.len(), 3, "three different codes (two are equal once in 300,000 runs)");
        // The emails do not say which code belongs to which session, so each session tries all
        // three. Exactly one activates it.
        for requested in &requested {
            let mut activated = 0;
            for code in &codes {
                activated += usize::from(product.verify_session(&requested.id, code).await.status == 202);
            }
            assert_eq!(activated, 1);
        }
    })
    .await;
}

/// An unconditional update of a missing item would create it.
#[tokio::test(flavor = "multi_thread")]
async fn a_guess_at_an_unknown_code_writes_nothing() {
    product(async |product| {
        let (requested, code) = product.sign_up_code(VICTIM, "victim").await;
        let before = product.contents().await;
        for id in [UNKNOWN_ID, &requested.session_id] {
            product.verify_session(id, &code).await.refused(401, "code");
            product.verify_email(id, &code).await.refused(401, "code");
        }
        product.assert_unchanged(&before).await;
        product.verify_session(&requested.id, &code).await.acknowledged();
    })
    .await;
}

/// No failure of the table activates a session or allows an uncounted guess, and the code
/// stays valid.
#[tokio::test(flavor = "multi_thread")]
async fn a_failing_table_activates_no_session_and_allows_no_free_guess() {
    let proxy = Proxy::start().await;
    product_with(Settings::through(&proxy), async |product| {
        proxy.lead_to(product);
        let (requested, code) = product.sign_up_code(VICTIM, "victim").await;
        product.stack.delivered().await;
        for (operation, tries) in [("UpdateItem", 0), ("TransactWriteItems", 1)] {
            proxy.decide(failing(operation));
            product.verify_session(&requested.id, &code).await.refused(503, "temporarily unavailable");
            proxy.mend();
            product.session(&requested.bearer).await.refused(401, "bearer");
            let items = product.items().await;
            let counted = items.iter().find(|item| item.text("sk") == "CODE").expect("a code").number("tries");
            assert_eq!(counted, Some(tries), "after a failed {operation}");
        }
        proxy.decide(failing("UpdateItem"));
        product.verify_session(&requested.id, &wrong(&code)).await.refused(503, "temporarily unavailable");
        proxy.mend();
        product.verify_session(&requested.id, &code).await.acknowledged();
        proxy.decide(failing("GetItem"));
        product.session(&requested.bearer).await.refused(503, "temporarily unavailable");
        proxy.mend();
        product.session(&requested.bearer).await.expect(200);
    })
    .await;
}

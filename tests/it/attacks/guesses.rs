//! Guessing codes.

use std::{collections::BTreeSet, time::Duration};

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, Product, Proxy, Requested, Settings, code_in, failing, product, product_with, wrong};

const VICTIM: &str = "victim@doe.net";

/// Guesses wrong at a code of a session, so many times.
async fn guess(product: &Product, asked: &Requested, code: &str, times: usize) {
    for _ in 0..times {
        product.verify_session(&asked.id, &wrong(code)).await.refused(401, "code");
    }
}

/// The wrong guesses that count against the victim.
async fn counted(product: &Product) -> usize {
    let items = product.items().await;
    let budget = items.iter().find(|item| item.text("pk") == format!("RATE_LIMIT#{VICTIM}"));
    budget.expect("a budget").list("wrongGuesses").len()
}

/// Attack 6. A new code does not reset the guesses that were made at the ones before.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_guessing_ends_at_a_hundred_guesses_most_of_them_hopeless() {
    product(async |product| {
        product.sign_up(VICTIM, "victim").await;
        product.pass(Duration::from_hours(25));
        let (mut lengths, mut refused) = (Vec::new(), 0);
        for _ in 0..24 {
            let answer = product.ask_to_sign_in(VICTIM).await;
            if answer.status == 429 {
                refused += 1;
            } else {
                let asked = Requested::of(&answer.expect(202));
                let code = product.newest_code(VICTIM).await;
                lengths.push(code.len());
                // As many as are looked at, and then with the right code in vain.
                guess(product, &asked, &code, 5).await;
                product.verify_session(&asked.id, &code).await.refused(401, "code");
            }
            product.pass(Duration::from_mins(59));
        }
        let long = [12; 18];
        assert_eq!(lengths, [&[6, 6][..], &long].concat(), "six digits until ten guesses were wrong");
        assert_eq!((refused, counted(product).await), (4, 100));
    })
    .await;
}

/// Attack 8, of guesses.
#[tokio::test(flavor = "multi_thread")]
async fn however_a_victim_is_spelt_the_guesses_at_him_add_up() {
    product(async |product| {
        for (spelt, alias) in [("victim@doe.net", "a"), (" VICTIM@doe.net", "b"), ("Victim@DOE.net.", "c")] {
            let (asked, code) = product.sign_up_code(spelt.trim().trim_end_matches('.'), alias).await;
            assert_eq!(code.len(), if alias == "c" { 12 } else { 6 });
            guess(product, &asked, &code, 5).await;
        }
        assert_eq!(counted(product).await, 15);
    })
    .await;
}

/// Attack 10.
#[tokio::test(flavor = "multi_thread")]
async fn a_victim_of_guessing_still_gets_in() {
    product(async |product| {
        let victim = product.sign_up(VICTIM, "victim").await;
        product.pass(Duration::from_mins(5));
        // His own code is already on its way when it begins, ...
        let (own, short) = product.sign_in_code(VICTIM).await;
        for _ in 0..2 {
            let (asked, code) = product.sign_in_code(VICTIM).await;
            guess(product, &asked, &code, 6).await;
        }
        assert_eq!(counted(product).await, 10);
        // ... and works, as does one that he asks for now: it is only longer to type.
        product.verify_session(&own.id, &short).await.acknowledged();
        let answer = product.ask_to_sign_in(VICTIM).await;
        let wait =
            answer.header("retry-after").expect("the attacker used up the mails at once").parse().expect("seconds");
        assert!(wait <= 60);
        product.pass(Duration::from_secs(wait));
        let (asked, long) = product.sign_in_code(VICTIM).await;
        assert_eq!((short.len(), long.len()), (6, 12));
        product.verify_session(&asked.id, &long).await.acknowledged();
        assert_eq!(product.session(&asked.bearer).await.text("userID"), victim.user_id);
        // A day later it is all forgotten.
        product.pass(Duration::from_hours(24));
        assert_eq!(product.sign_in_code(VICTIM).await.1.len(), 6);
    })
    .await;
}

/// Attack 11.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_ask_at_once_each_has_a_code_of_his_own() {
    product(async |product| {
        product.sign_up(VICTIM, "victim").await;
        product.pass(Duration::from_mins(5));
        let request = || product.request(Method::POST, "/session").json(&json!({"email": VICTIM}));
        let answers = product.race(vec![request(), request(), request()]).await;
        let asked: Vec<_> = answers.iter().map(Requested::of).collect();
        let different = |of: fn(&Requested) -> &String| asked.iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!((different(|asked| &asked.id), different(|asked| &asked.bearer)), (3, 3));
        let mails = product.mails_to(VICTIM).await.split_off(1);
        let codes: BTreeSet<_> = mails.iter().filter_map(code_in).collect();
        assert_eq!(codes.len(), 3, "codes of three mails, once in 300,000 runs two of them alike");
        // Which code is whose, the mails don't say: three tries with each find out, and every one opens one session.
        for asked in &asked {
            let mut opened = 0;
            for code in &codes {
                opened += usize::from(product.verify_session(&asked.id, code).await.status == 202);
            }
            assert_eq!(opened, 1);
        }
    })
    .await;
}

/// Attack 32: an update of an item that isn't there would make one.
#[tokio::test(flavor = "multi_thread")]
async fn a_guess_at_nothing_leaves_nothing_behind() {
    product(async |product| {
        let (asked, code) = product.sign_up_code(VICTIM, "victim").await;
        let before = product.contents().await;
        let nothing = "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e";
        for id in [nothing, &asked.session_id] {
            product.verify_session(id, &code).await.refused(401, "code");
            product.verify_email(id, &code).await.refused(401, "code");
        }
        // Not even a try, where it is of another purpose.
        product.verify_email(&asked.id, &code).await.refused(401, "code");
        product.assert_unchanged(&before).await;
        product.verify_session(&asked.id, &code).await.acknowledged();
    })
    .await;
}

/// Attack 51. Whatever fails, and when: nothing opens, no guess is free, and the code is as good as before.
#[tokio::test(flavor = "multi_thread")]
async fn while_the_table_fails_nothing_opens_and_no_guess_is_free() {
    let proxy = Proxy::start().await;
    product_with(Settings::through(&proxy), async |product| {
        proxy.lead_to(product);
        let (asked, code) = product.sign_up_code(VICTIM, "victim").await;
        product.stack.delivered().await;
        for (operation, tries) in [("UpdateItem", 0), ("TransactWriteItems", 1)] {
            proxy.decide(failing(operation));
            product.verify_session(&asked.id, &code).await.refused(503, "temporarily unavailable");
            proxy.mend();
            product.session(&asked.bearer).await.refused(401, "bearer");
            let items = product.items().await;
            let counted = items.iter().find(|item| item.text("sk") == "CODE").expect("a code").number("tries");
            assert_eq!(counted, Some(tries), "after a failed {operation}");
        }
        proxy.decide(failing("UpdateItem"));
        product.verify_session(&asked.id, &wrong(&code)).await.refused(503, "temporarily unavailable");
        proxy.mend();
        product.verify_session(&asked.id, &code).await.acknowledged();
        proxy.decide(failing("GetItem"));
        product.session(&asked.bearer).await.refused(503, "temporarily unavailable");
        proxy.mend();
        product.session(&asked.bearer).await.expect(200);
    })
    .await;
}

/// Right or wrong, who guesses at a used or expired code is told the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_guess_does_not_tell_whether_it_was_right() {
    product(async |product| {
        let told = |answer: Answer| (answer.status, answer.header("x-error").map(str::to_owned), answer.text("type"));
        let mut seen = BTreeSet::new();
        let (used, code) = product.sign_up_code("john@doe.net", "johny").await;
        product.verify_session(&used.id, &code).await.acknowledged();
        let (expired, late) = product.sign_up_code("jane@doe.net", "jane").await;
        product.pass(Duration::from_mins(10));
        let (guessed, right) = product.sign_up_code(VICTIM, "victim").await;
        guess(product, &guessed, &right, 5).await;
        for (id, code) in [(&used.id, &code), (&expired.id, &late), (&guessed.id, &right)] {
            seen.insert(told(product.verify_session(id, code).await));
            seen.insert(told(product.verify_session(id, &wrong(code)).await));
        }
        assert_eq!(seen.len(), 1, "{seen:?}");
    })
    .await;
}

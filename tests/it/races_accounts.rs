//! Many at the same moment: one account, its addresses and its sessions.

use std::{collections::BTreeSet, time::Duration};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Answer, Person, Product, Requested, Settings, code_in, product, product_with, together, won};

const MANY: usize = 64;

/// What a request can be answered with that was refused for another's sake: not found any more, forbidden by now, or, where
/// too many change one account, a clean "try again".
const LOSSES: [u16; 3] = [403, 404, 503];

/// A request with somebody's bearer.
fn of(product: &Product, person: &Person, method: Method, path: &str) -> RequestBuilder {
    product.request(method, path).bearer_auth(&person.bearer)
}

fn delete_email(product: &Product, person: &Person, id: &str) -> RequestBuilder {
    of(product, person, Method::DELETE, &format!("/email/{id}"))
}

fn prefer(product: &Product, person: &Person, id: &str) -> RequestBuilder {
    of(product, person, Method::PUT, "/email/preferred").json(&json!({"emailID": id}))
}

fn verify_email(product: &Product, id: &str, code: &str) -> RequestBuilder {
    product.request(Method::PUT, "/email/verification").json(&json!({"verificationCodeID": id, "code": code}))
}

/// Everybody won, or lost for a reason that he can live with.
fn nobody_broke_anything(answers: &[Answer]) {
    for answer in answers {
        assert!(answer.status == 202 || LOSSES.contains(&answer.status), "{}", answer.body);
    }
}

/// The IDs of the addresses for which that holds.
fn ids(emails: &[Value], which: &str) -> Vec<String> {
    let chosen = emails.iter().filter(|email| email[which] == true);
    chosen.map(|email| email["emailID"].as_str().expect("an ID").to_owned()).collect()
}

/// Attacks 30 and 38.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_preferred_and_deleted_at_once_one_verified_address_is_preferred() {
    product(async |product| {
        for round in 0..2 {
            let john = product.sign_up(&format!("john@doe{round}.example"), &format!("johny{round}")).await;
            let first = product.email_id(&john, &john.address).await;
            let mut emails = vec![first];
            for number in 0..3 {
                emails.push(product.add_email(&john, &format!("john{number}@work{round}.example")).await);
            }
            let request = |number: usize| {
                let email = &emails[number % emails.len()];
                // Preferred three times for each time it is deleted, so that there is something left to fight for.
                if (number / 4) % 4 == 3 { delete_email(product, &john, email) } else { prefer(product, &john, email) }
            };
            let answers = product.race((0..MANY).map(request).collect()).await;
            nobody_broke_anything(&answers);
            let left = product.emails(&john).await;
            assert_eq!(ids(&left, "preferred").len(), 1, "{left:?}");
            assert_eq!(ids(&left, "verified").len(), left.len(), "{left:?}");
            let deleted = (0..MANY).filter(|number| (number / 4) % 4 == 3 && answers[*number].status == 202).count();
            assert_eq!(left.len(), 4 - deleted, "an address was deleted more than once, or came back");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_prefer_and_delete_one_address_at_once_do_not_both_have_their_way() {
    product(async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in 0..6 {
            let second = product.add_email(&john, &format!("john{round}@work.example")).await;
            let answers =
                product.race(vec![prefer(product, &john, &second), delete_email(product, &john, &second)]).await;
            let told = [answers[0].status, answers[1].status];
            assert!(told == [202, 403] || told == [404, 202], "preferred: {}, deleted: {}", told[0], told[1]);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_deleted_while_it_is_proved_leaves_no_trace_of_either_kind() {
    product(async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in 0..6 {
            let address = format!("john{round}@work.example");
            let asked = product.ask_to_add(&john, &address).await.expect(202).text("verificationCodeID");
            let id = product.email_id(&john, &address).await;
            let code = product.newest_code(&address).await;
            let answers =
                product.race(vec![verify_email(product, &asked, &code), delete_email(product, &john, &id)]).await;
            // The deletion has its way, before or after; what was proved meanwhile is deleted all the same.
            assert!([202, 401].contains(&answers[0].status), "{}", answers[0].body);
            assert_eq!(answers[1].status, 202, "{}", answers[1].body);
            assert_eq!(product.emails(&john).await.len(), 1);
            // So the address is free: the invariants would find a claim, but its next owner finds out too.
            product.sign_up(&address, &format!("jane{round}")).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_deleted_while_somebody_signs_in_through_it_opens_what_was_acknowledged_and_no_more() {
    product(async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in 0..6 {
            let address = format!("john{round}@work.example");
            let id = product.add_email(&john, &address).await;
            let requested = Requested::of(&product.ask_to_sign_in(&address).await.expect(202));
            let body = json!({"verificationCodeID": requested.id, "code": product.newest_code(&address).await});
            let sign_in = product.request(Method::PUT, "/session/verification").json(&body);
            let answers = product.race(vec![sign_in, delete_email(product, &john, &id)]).await;
            assert_eq!(answers[1].status, 202, "{}", answers[1].body);
            let opens = match answers[0].status {
                202 => 200,
                401 => 401,
                _ => panic!("{}", answers[0].body),
            };
            product.session(&requested.bearer).await.expect(opens);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_proved_for_two_accounts_in_two_ways_at_once_has_one_owner() {
    product(async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in 0..4 {
            let address = format!("shared{round}@doe.net");
            let added = product.ask_to_add(&john, &address).await.expect(202).text("verificationCodeID");
            let signed_up = Requested::of(&product.ask_to_sign_up(&address, &format!("jane{round}")).await.expect(202));
            let codes: Vec<_> = product.mails_to(&address).await.iter().filter_map(code_in).collect();
            let body = json!({"verificationCodeID": signed_up.id, "code": codes[1]});
            let sign_up = product.request(Method::PUT, "/session/verification").json(&body);
            let answers = product.race(vec![verify_email(product, &added, &codes[0]), sign_up]).await;
            won(&answers, 1, 401);
            let opens = if answers[1].status == 202 { 200 } else { 401 };
            product.session(&signed_up.bearer).await.expect(opens);
        }
    })
    .await;
}

/// I8, I9: from the moment that a deletion is acknowledged, not even an extension that was under way brings a session back.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_that_extend_and_close_a_session_none_revives_it() {
    product(async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for _ in 0..3 {
            product.pass(Duration::from_mins(1));
            let other = product.sign_in(&john).await;
            let racers = (0..MANY).map(|number| {
                let request = |method, path: &str| of(product, &other, method, path);
                let extend = || request(Method::PUT, "/session/extend");
                let close = request(Method::DELETE, &format!("/session/{}", other.session_id));
                let first = if number % 4 == 0 { close } else { extend() };
                let (again, check) = (extend(), request(Method::GET, "/session"));
                async move {
                    let send = async |request: RequestBuilder| {
                        let answer = request.send().await.expect("an answer");
                        answer.status().as_u16()
                    };
                    let status = send(first).await;
                    if number % 4 == 0 && status == 202 {
                        assert_eq!(send(again).await, 401, "extended after it was closed");
                        assert_eq!(send(check).await, 401, "open after it was closed");
                    }
                    (number % 4 == 0, status)
                }
            });
            let ends = together(racers).await;
            let closed = ends.iter().filter(|end| **end == (true, 202)).count();
            assert_eq!(closed, 1, "{ends:?}");
            let is_clean = |(closes, status): &(bool, u16)| match closes {
                // Its bearer is refused by now, or there is no such session.
                true => [202, 401, 404, 503].contains(status),
                false => [202, 401, 503].contains(status),
            };
            assert!(ends.iter().all(is_clean), "{ends:?}");
            product.session(&other.bearer).await.refused(401, "bearer");
            let open = of(product, &john, Method::GET, "/sessions");
            let open = product.send(open).await.expect(200);
            assert_eq!(open.body["sessions"].as_array().map(Vec::len), Some(1), "{}", open.body);
        }
    })
    .await;
}

/// I20
#[tokio::test(flavor = "multi_thread")]
async fn of_64_addresses_added_at_once_an_account_takes_no_more_than_it_can_have() {
    product_with(Settings::parameter("EmailsPerUser", "4"), async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        let add = |number: usize| {
            let body = json!({"address": format!("john{number}@work.example")});
            of(product, &john, Method::POST, "/email").json(&body)
        };
        let answers = product.race((0..MANY).map(add).collect()).await;
        won(&answers, 3, 403);
        assert_eq!(product.emails(&john).await.len(), 4);
        assert_eq!(product.mails().await.len(), 1 + 3, "who was refused sent no mail");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_added_many_times_at_once_is_there_once() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        let spelt = |number: usize| if number.is_multiple_of(2) { "jane@doe.net" } else { "JANE@doe.NET" };
        let add = |number| of(product, &john, Method::POST, "/email").json(&json!({"address": spelt(number)}));
        let answers = product.race((0..16).map(add).collect()).await;
        nobody_broke_anything(&answers);
        assert_eq!(product.emails(&john).await.len(), 2);
        let codes: BTreeSet<_> = answers
            .iter()
            .filter(|answer| answer.status == 202)
            .map(|answer| answer.text("verificationCodeID"))
            .collect();
        assert_eq!(product.mails_to("jane@doe.net").await.len(), codes.len());
    })
    .await;
}

/// Asks for that many sign-ins, and has them ready to be proved.
async fn sign_ins(product: &Product, person: &Person, many: usize) -> Vec<(Requested, RequestBuilder)> {
    let before = product.mails_to(&person.address).await.len();
    let mut asked = Vec::new();
    for _ in 0..many {
        asked.push(Requested::of(&product.ask_to_sign_in(&person.address).await.expect(202)));
    }
    let mails = product.mails_to(&person.address).await.split_off(before);
    let ready = asked.into_iter().zip(&mails).map(|(requested, mail)| {
        let body = json!({"verificationCodeID": requested.id, "code": code_in(mail)});
        (requested, product.request(Method::PUT, "/session/verification").json(&body))
    });
    ready.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_of_one_user_at_once_all_open_or_say_try_again() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        let (asked, requests): (Vec<_>, Vec<_>) = sign_ins(product, &john, 32).await.into_iter().unzip();
        let answers = product.race(requests).await;
        nobody_broke_anything(&answers);
        let mut open = 1;
        for (requested, answer) in asked.iter().zip(&answers) {
            let opens = if answer.status == 202 { 200 } else { 401 };
            product.session(&requested.bearer).await.expect(opens);
            open += usize::from(answer.status == 202);
        }
        let listed = product.send(of(product, &john, Method::GET, "/sessions")).await.expect(200);
        assert_eq!(listed.body["sessions"].as_array().map(Vec::len), Some(open));
    })
    .await;
}

/// I20: the cap itself is among the invariants, which are checked after every test.
#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_at_the_cap_never_leave_more_open_and_the_newest_stays() {
    let settings = Settings::with_mail_for_all().and("SessionsPerUser", "3");
    product_with(settings, async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for _ in 0..2 {
            product.pass(Duration::from_mins(1));
            let (asked, requests): (Vec<_>, Vec<_>) = sign_ins(product, &john, 16).await.into_iter().unzip();
            let answers = product.race(requests).await;
            nobody_broke_anything(&answers);
            product.check_invariants().await;
            let mut open = 0;
            for requested in &asked {
                open += usize::from(product.session(&requested.bearer).await.status == 200);
            }
            assert_eq!(open, 3, "the older ones gave way");
            product.pass(Duration::from_secs(1));
            let newest = product.sign_in(&john).await;
            let listed = product.send(of(product, &newest, Method::GET, "/sessions")).await.expect(200);
            assert_eq!(listed.body["sessions"].as_array().map(Vec::len), Some(3));
            assert_eq!(listed.body["sessions"][0]["sessionID"], newest.session_id);
        }
    })
    .await;
}

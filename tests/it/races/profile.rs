//! Races between changes of profiles, and with what else has an alias or a copy of the profile.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::{assert_active_if_acknowledged, of, people, sign_ins, sign_up, unsure};
use crate::support::{MANY, Person, Product, Settings, in_rounds, statuses, won};

fn update(product: &Product, person: &Person, alias: &str) -> RequestBuilder {
    of(product, person, Method::PUT, "/user").json(&json!({"alias": alias}))
}

/// Returns how many of these users have the alias, in any spelling.
async fn owners(product: &Product, people: &[Person], alias: &str) -> usize {
    let mut owners = 0;
    for person in people {
        let of_person = product.user(&person.user_id).await.expect(200).text("alias");
        owners += usize::from(of_person.to_lowercase() == alias);
    }
    owners
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_users_who_change_to_an_alias_one_gets_it() {
    in_rounds(3, Settings::default, async |product, rounds| {
        let people = people(product).await;
        for round in rounds {
            let alias = format!("wanted{round}");
            let spelled = |number: usize| if number.is_multiple_of(2) { alias.clone() } else { alias.to_uppercase() };
            let requests = people.iter().enumerate().map(|(number, person)| update(product, person, &spelled(number)));
            let answers = product.race(requests.collect()).await;
            won(&answers, 1, 400);
            assert!((1..=1).contains(&owners(product, &people, &alias).await) || unsure(&answers) == MANY);
        }
    })
    .await;
}

/// The invariants, which are checked after each race, compare the copies in all sessions.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_opened_or_closed_during_a_change_has_the_profile() {
    let settings = || Settings::with_mail_for_all();
    in_rounds(8, settings, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in rounds {
            let closed = product.sign_in(&john).await;
            let (asked, sign_in) = sign_ins(product, "john@doe.net", 1).await.pop().expect("a sign-in");
            let close = of(product, &john, Method::DELETE, &format!("/session/{}", closed.session_id));
            let extend = of(product, &john, Method::PUT, "/session/extend");
            let change = update(product, &john, &format!("johny{round}"));
            let answers = product.race(vec![sign_in, change, close, extend]).await;
            let statuses = statuses(&answers);
            assert!(statuses.keys().all(|status| [202, 503].contains(status)), "{statuses:?}");
            assert_active_if_acknowledged(product, &asked.bearer, &answers[0]).await;
            product.check_invariants().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_that_is_released_and_taken_at_once_has_one_owner() {
    in_rounds(8, Settings::with_mail_for_all, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        let jane = product.sign_up("jane@doe.net", "jane").await;
        for round in rounds {
            let (first, second) = (format!("first{round}"), format!("second{round}"));
            product.update_user(&john, json!({"alias": first})).await.acknowledged();
            let requests = vec![
                update(product, &john, &second),
                update(product, &jane, &first),
                sign_up(product, "jim@doe.net", &first),
                update(product, &jane, &second),
            ];
            let answers = product.race(requests).await;
            assert!(answers.iter().all(|answer| [202, 400, 503].contains(&answer.status)), "{answers:?}");
            let both = [john.clone(), jane.clone()];
            for alias in [&first, &second] {
                assert!(owners(product, &both, alias).await <= 1);
            }
            product.check_invariants().await;
        }
    })
    .await;
}

//! Races for one session, and for all sessions of one user.

use std::time::Duration;

use reqwest::Method;

use super::{assert_won_or_lost, of, sign_ins};
use crate::support::{MANY, Settings, in_rounds, together};

/// After an acknowledged deletion, not even an extension that was under way revives the session.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_requests_that_extend_or_close_a_session_none_revives_it() {
    in_rounds(25, Settings::with_mail_for_all, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in rounds {
            let other = product.sign_in(&john).await;
            let connections = product.connections(MANY).await;
            // The share of requests that close the session differs from round to round.
            let one_in = [4, 16, 64, 2][round % 4];
            let racers = connections.into_iter().enumerate().map(|(number, mut connection)| {
                let request = |method, path: &str| of(product, &other, method, path);
                let extend = || request(Method::PUT, "/session/extend");
                let close = request(Method::DELETE, &format!("/session/{}", other.session_id));
                let closes = number % one_in == 0;
                let first = if closes { close } else { extend() };
                let (again, check) = (extend(), request(Method::GET, "/session"));
                async move {
                    let status = connection.send(first).await.status;
                    if closes && status == 202 {
                        assert_eq!(connection.send(again).await.status, 401, "extended after it was closed");
                        assert_eq!(connection.send(check).await.status, 401, "active after it was closed");
                    }
                    (closes, status)
                }
            });
            let ends = together(racers).await;
            let closed = ends.iter().filter(|end| **end == (true, 202)).count();
            assert!(closed == 1 || closed == 0 && ends.contains(&(true, 503)), "{ends:?}");
            let is_clean = |(closes, status): &(bool, u16)| match closes {
                // The bearer token is refused by now, or there is no such session.
                true => [202, 401, 404, 503].contains(status),
                false => [202, 401, 503].contains(status),
            };
            assert!(ends.iter().all(is_clean), "{ends:?}");
            product.session(&other.bearer).await.refused(401, "bearer");
            assert_eq!(product.sessions(&john).await.len(), 1);
        }
    })
    .await;
}

/// All requests change the same account, one after the other. More of them could not finish within
/// the endpoint's deadline.
const AT_ONE_ACCOUNT: usize = 32;

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_sign_ins_of_one_user_succeed_or_return_503() {
    let settings = || Settings::with_mail_for_all().and("SessionsPerUser", "80");
    in_rounds(2, settings, async |product, rounds| {
        for round in rounds {
            let john = product.sign_up(&format!("john{round}@doe.net"), &format!("johny{round}")).await;
            let (asked, requests): (Vec<_>, Vec<_>) =
                sign_ins(product, &john.address, AT_ONE_ACCOUNT).await.into_iter().unzip();
            let answers = product.race(requests).await;
            assert_won_or_lost(&answers);
            let mut active = 1;
            for (requested, answer) in asked.iter().zip(&answers) {
                let is_active = product.session(&requested.bearer).await.status == 200;
                // A sign-in with a 503 response may have succeeded.
                assert!(is_active || answer.status != 202, "acknowledged, but not active");
                active += usize::from(is_active);
            }
            assert!(active > 1, "no sign-in succeeded");
            assert_eq!(product.sessions(&john).await.len(), active);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_at_the_cap_never_exceed_it_and_the_newest_stays_active() {
    let settings = || Settings::with_mail_for_all().and("SessionsPerUser", "3");
    in_rounds(2, settings, async |product, rounds| {
        for round in rounds {
            let john = product.sign_up(&format!("john{round}@doe.net"), &format!("johny{round}")).await;
            let (asked, requests): (Vec<_>, Vec<_>) =
                sign_ins(product, &john.address, AT_ONE_ACCOUNT).await.into_iter().unzip();
            let answers = product.race(requests).await;
            assert_won_or_lost(&answers);
            product.check_invariants().await;
            let mut active = 0;
            for requested in &asked {
                active += usize::from(product.session(&requested.bearer).await.status == 200);
            }
            let opened = answers.iter().filter(|answer| answer.status == 202).count();
            assert!(active == 3 || active < 3 && opened < 3, "{active} active of {opened}: the older ones are closed");
            product.pass(Duration::from_secs(1));
            let newest = product.sign_in(&john).await;
            let listed = product.sessions(&newest).await;
            assert_eq!(listed.len(), 3);
            assert_eq!(listed[0]["sessionID"], newest.session_id);
        }
    })
    .await;
}

//! One session, and all sessions of one user.

use std::time::Duration;

use reqwest::Method;

use super::{nobody_broke_anything, of, sign_ins};
use crate::support::{MANY, Settings, in_rounds, together};

/// I8, I9: from the moment that a deletion is acknowledged, not even an extension that was under way brings a session back.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_that_extend_and_close_a_session_none_revives_it() {
    in_rounds(25, Settings::with_mail_for_all, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in rounds {
            let other = product.sign_in(&john).await;
            let connections = product.connections(MANY).await;
            // From one among many who closes to one among few.
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
                        assert_eq!(connection.send(check).await.status, 401, "open after it was closed");
                    }
                    (closes, status)
                }
            });
            let ends = together(racers).await;
            let closed = ends.iter().filter(|end| **end == (true, 202)).count();
            assert!(closed == 1 || closed == 0 && ends.contains(&(true, 503)), "{ends:?}");
            let is_clean = |(closes, status): &(bool, u16)| match closes {
                // Its bearer is refused by now, or there is no such session.
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

/// Everybody has to change the same account, one after the other: more could not all be done before the endpoint's own deadline.
const AT_ONE_ACCOUNT: usize = 32;

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_of_one_user_at_once_all_open_or_say_try_again() {
    let settings = || Settings::with_mail_for_all().and("SessionsPerUser", "100");
    in_rounds(2, settings, async |product, rounds| {
        for round in rounds {
            let john = product.sign_up(&format!("john{round}@doe.net"), &format!("johny{round}")).await;
            let (asked, requests): (Vec<_>, Vec<_>) =
                sign_ins(product, &john.address, AT_ONE_ACCOUNT).await.into_iter().unzip();
            let answers = product.race(requests).await;
            nobody_broke_anything(&answers);
            let mut open = 1;
            for (requested, answer) in asked.iter().zip(&answers) {
                let opens = product.session(&requested.bearer).await.status == 200;
                // Who was told to try again may be signed in already.
                assert!(opens || answer.status != 202, "acknowledged, and not open");
                open += usize::from(opens);
            }
            assert!(open > 1, "nobody at all");
            assert_eq!(product.sessions(&john).await.len(), open);
        }
    })
    .await;
}

/// I20
#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_at_the_cap_never_leave_more_open_and_the_newest_stays() {
    let settings = || Settings::with_mail_for_all().and("SessionsPerUser", "3");
    in_rounds(2, settings, async |product, rounds| {
        for round in rounds {
            let john = product.sign_up(&format!("john{round}@doe.net"), &format!("johny{round}")).await;
            let (asked, requests): (Vec<_>, Vec<_>) =
                sign_ins(product, &john.address, AT_ONE_ACCOUNT).await.into_iter().unzip();
            let answers = product.race(requests).await;
            nobody_broke_anything(&answers);
            product.check_invariants().await;
            let mut open = 0;
            for requested in &asked {
                open += usize::from(product.session(&requested.bearer).await.status == 200);
            }
            let opened = answers.iter().filter(|answer| answer.status == 202).count();
            assert!(open == 3 || open < 3 && opened < 3, "{open} open of {opened}: the older ones give way");
            product.pass(Duration::from_secs(1));
            let newest = product.sign_in(&john).await;
            let listed = product.sessions(&newest).await;
            assert_eq!(listed.len(), 3);
            assert_eq!(listed[0]["sessionID"], newest.session_id);
        }
    })
    .await;
}

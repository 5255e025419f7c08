//! All state survives a restart.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use local::Data;

use crate::support::{EmailKind, Product, Settings};

const JOHN: &str = "john@doe.net";
const WORK: &str = "john@work.example";

/// A temporary directory that is removed at the end of the test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("latchkey-{}", uuid::Uuid::new_v4())))
    }

    async fn start(&self, variables: Vec<(&'static str, String)>) -> Product {
        let data = Data::Directory(Path::to_owned(&self.0));
        Product::start(Settings { variables, data, ..Settings::default() }).await
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn stop(product: Product) {
    product.stack.delivered().await;
    product.check_invariants().await;
    product.stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_all_state_and_sends_no_email_again() {
    let directory = Directory::new();
    let product = directory.start(Vec::new()).await;
    let john = product.sign_up(JOHN, "johny").await;
    let work = product.add_email(&john, WORK).await;
    let (closed, code) = product.sign_in_code(JOHN).await;
    product.verify_session(&closed.id, &code).await.acknowledged();
    product.close(&john, &closed.session_id).await.acknowledged();
    let (sign_in, code) = product.sign_in_code(WORK).await;
    let before = product.contents().await;
    stop(product).await;

    let product = directory.start(Vec::new()).await;
    assert_eq!(product.sent_emails().await, []);
    product.assert_unchanged(&before).await;
    product.session(&john.bearer).await.expect(200);
    product.session(&closed.bearer).await.refused(401, "bearer");
    // The code was requested before the restart. Its verification sends the notice now.
    let opened = product.verify_session(&sign_in.id, &code);
    product.mailing(opened, &[(EmailKind::SignedInElsewhere, JOHN)]).await.acknowledged();
    product.session(&sign_in.bearer).await.expect(200);
    // Rate limits, aliases and address owners are kept as well.
    product.ask_to_sign_up("jane@doe.net", "JOHNY").await.refused(400, "alias is taken");
    product.mailing(product.ask_to_sign_up(WORK, "worker"), &[(EmailKind::AlreadyRegistered, WORK)]).await.expect(202);
    product.ask_to_sign_in(WORK).await.expect(429);
    product.prefer(&john, &work).await.acknowledged();
    stop(product).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_guesses_survive_a_restart() {
    let directory = Directory::new();
    let product = directory.start(Vec::new()).await;
    let (john, code) = product.sign_up_code(JOHN, "johny").await;
    for _ in 0..5 {
        product.verify_session(&john.id, &crate::support::wrong(&code)).await.refused(401, "code");
    }
    stop(product).await;
    let product = directory.start(Vec::new()).await;
    product.verify_session(&john.id, &code).await.refused(401, "code");
    stop(product).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_and_sessions_that_expired_while_stopped_are_refused() {
    let directory = Directory::new();
    let product = directory.start(Vec::new()).await;
    let john = product.sign_up(JOHN, "johny").await;
    let (sign_in, code) = product.sign_in_code(JOHN).await;
    stop(product).await;
    let product = directory.start(Vec::new()).await;
    product.pass(Duration::from_mins(10));
    product.verify_session(&sign_in.id, &code).await.refused(401, "code");
    product.pass(Duration::from_hours(24));
    product.session(&john.bearer).await.refused(401, "bearer");
    stop(product).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_survives_a_key_change_while_the_previous_key_is_configured() {
    let directory = Directory::new();
    let (old, new) = ("old".repeat(20), "new".repeat(20));
    let product = directory.start(vec![("CODE_KEY", old.clone())]).await;
    let (john, johns) = product.sign_up_code(JOHN, "johny").await;
    let (jane, janes) = product.sign_up_code("jane@doe.net", "jane").await;
    stop(product).await;

    let product = directory.start(vec![("CODE_KEY", new.clone()), ("PREVIOUS_CODE_KEY", old)]).await;
    product.verify_session(&john.id, &johns).await.acknowledged();
    let (again, code) = product.sign_in_code(JOHN).await;
    stop(product).await;

    let product = directory.start(vec![("CODE_KEY", new)]).await;
    product.verify_session(&jane.id, &janes).await.refused(401, "code");
    product.verify_session(&again.id, &code).await.acknowledged();
    stop(product).await;
}

//! Mails in the language of who reads them (README, "Endpoints").

use reqwest::{Method, header::ACCEPT_LANGUAGE};
use serde_json::json;

use crate::support::{Person, Product, Requested, product};

const ENGLISH: &str = "is your Latchkey code";
const GERMAN: &str = "ist Ihr Code für Latchkey";

/// The subject of the newest mail to an address.
async fn newest(product: &Product, address: &str) -> String {
    product.mails_to(address).await.pop().expect("a mail").subject
}

async fn sign_up_in(product: &Product, language: &str, address: &str, alias: &str) -> Person {
    let body = json!({"email": address, "fullName": "John Doe", "alias": alias});
    let ask = product.request(Method::POST, "/user").header(ACCEPT_LANGUAGE, language).json(&body);
    let asked = Requested::of(&product.send(ask).await.expect(202));
    let code = product.newest_code(address).await;
    product.verify_session(&asked.id, &code).await.acknowledged();
    product.sign_in_of(address, alias).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_code_is_mailed_in_the_language_that_its_request_asks_for() {
    product(async |product| {
        let john = sign_up_in(product, "de-AT,de;q=0.9,en;q=0.8", "john@doe.net", "johny").await;
        let mails = product.mails_to("john@doe.net").await;
        let [sign_up, sign_in] = &mails[..] else { panic!("{} mails", mails.len()) };
        assert!(sign_up.subject.contains(GERMAN), "{}", sign_up.subject);
        assert!(sign_up.text.contains("Mit diesem Code") && sign_up.html.contains("<html lang=\"de\""));
        assert!(sign_in.subject.contains(ENGLISH), "nothing was asked for: {}", sign_in.subject);

        let address = "john@work.example";
        for (method, path, language, expected) in [
            (Method::POST, "/email", "fr, de;q=0.5", GERMAN),
            (Method::POST, "/email/verification", "en", ENGLISH),
            (Method::POST, "/email/verification", "de", GERMAN),
        ] {
            let ask = product.request(method, path).bearer_auth(&john.bearer).header(ACCEPT_LANGUAGE, language);
            product.send(ask.json(&json!({"address": address}))).await.expect(202);
            assert!(newest(product, address).await.contains(expected), "{path} in {language}");
        }
        let ask = product.request(Method::POST, "/session").header(ACCEPT_LANGUAGE, "de");
        product.send(ask.json(&json!({"email": "nobody@doe.net"}))).await.expect(202);
        assert_eq!(newest(product, "nobody@doe.net").await, "Zu dieser Adresse gibt es kein Konto bei Latchkey");
    })
    .await;
}

/// Whoever got in must not be able to tell the owner of it in a language that he can't read.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_is_told_what_happens_to_his_account_in_the_language_of_his_sign_up() {
    product(async |product| {
        let john = sign_up_in(product, "de", "john@doe.net", "johny").await;
        product.add_email(&john, "john@work.example").await;
        assert_eq!(newest(product, "john@doe.net").await, "Zu Ihrem Konto bei Latchkey kam eine Adresse hinzu");

        let jane = sign_up_in(product, "en", "jane@doe.net", "jane").await;
        let ask = product.request(Method::POST, "/email").bearer_auth(&jane.bearer).header(ACCEPT_LANGUAGE, "de");
        let asked = product.send(ask.json(&json!({"address": "jane@work.example"}))).await.expect(202);
        let code = product.newest_code("jane@work.example").await;
        let id = asked.text("verificationCodeID");
        let prove = product.request(Method::PUT, "/email/verification").header(ACCEPT_LANGUAGE, "de");
        product.send(prove.json(&json!({"verificationCodeID": id, "code": code}))).await.acknowledged();
        assert_eq!(newest(product, "jane@doe.net").await, "An email address was added to your Latchkey account");
    })
    .await;
}

//! Emails are in the language of their recipient (README, "Endpoints").

use reqwest::{Method, header::ACCEPT_LANGUAGE};
use serde_json::json;

use crate::support::{Person, Product, Requested, product};

const ENGLISH: &str = "is your Latchkey code";
const GERMAN: &str = "ist Ihr Code für Latchkey";

/// Returns the subject of the newest email to an address.
async fn newest(product: &Product, address: &str) -> String {
    product.emails_to(address).await.pop().expect("an email").subject
}

async fn sign_up_in(product: &Product, language: &str, address: &str, alias: &str) -> Person {
    let body = json!({"email": address, "fullName": "John Doe", "alias": alias});
    let request = product.request(Method::POST, "/user").header(ACCEPT_LANGUAGE, language).json(&body);
    let requested = Requested::of(&product.send(request).await.expect(202));
    let code = product.newest_code(address).await;
    product.verify_session(&requested.id, &code).await.acknowledged();
    product.sign_in_of(address, alias).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_mailed_in_the_language_of_its_request() {
    product(async |product| {
        let john = sign_up_in(product, "de-AT,de;q=0.9,en;q=0.8", "john@doe.net", "johny").await;
        let received = product.emails_to("john@doe.net").await;
        let [sign_up, sign_in] = &received[..] else { panic!("{} emails", received.len()) };
        assert!(sign_up.subject.contains(GERMAN), "{}", sign_up.subject);
        assert!(sign_up.text.contains("Mit diesem Code") && sign_up.html.contains("<html lang=\"de\""));
        assert!(sign_in.subject.contains(ENGLISH), "no language was requested: {}", sign_in.subject);

        let address = "john@work.example";
        for (method, path, language, expected) in [
            (Method::POST, "/email", "fr, de;q=0.5", GERMAN),
            (Method::POST, "/email/verification", "en", ENGLISH),
            (Method::POST, "/email/verification", "de", GERMAN),
        ] {
            let request = product.request(method, path).bearer_auth(&john.bearer).header(ACCEPT_LANGUAGE, language);
            product.send(request.json(&json!({"address": address}))).await.expect(202);
            assert!(newest(product, address).await.contains(expected), "{path} in {language}");
        }
        let request = product.request(Method::POST, "/session").header(ACCEPT_LANGUAGE, "de");
        product.send(request.json(&json!({"email": "unknown@doe.net"}))).await.expect(202);
        assert_eq!(newest(product, "unknown@doe.net").await, "Zu dieser Adresse gibt es kein Konto bei Latchkey");
    })
    .await;
}

/// Otherwise, an intruder could have the security notices sent in a language that the owner cannot
/// read.
#[tokio::test(flavor = "multi_thread")]
async fn security_notices_are_in_the_language_of_the_sign_up() {
    product(async |product| {
        let john = sign_up_in(product, "de", "john@doe.net", "johny").await;
        product.add_email(&john, "john@work.example").await;
        assert_eq!(newest(product, "john@doe.net").await, "Zu Ihrem Konto bei Latchkey kam eine Adresse hinzu");

        let jane = sign_up_in(product, "en", "jane@doe.net", "jane").await;
        let request = product.request(Method::POST, "/email").bearer_auth(&jane.bearer).header(ACCEPT_LANGUAGE, "de");
        let requested = product.send(request.json(&json!({"address": "jane@work.example"}))).await.expect(202);
        let code = product.newest_code("jane@work.example").await;
        let id = requested.text("verificationCodeID");
        let verify = product.request(Method::PUT, "/email/verification").header(ACCEPT_LANGUAGE, "de");
        product.send(verify.json(&json!({"verificationCodeID": id, "code": code}))).await.acknowledged();
        assert_eq!(newest(product, "jane@doe.net").await, "An email address was added to your Latchkey account");
    })
    .await;
}

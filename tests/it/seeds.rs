//! The examples of the original documents, as printed there, except for hosts, IDs, bearer tokens
//! and codes.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Product, Requested, product};

const HOST: &str = "https://intelligence.threatwinds.com";

const CREATE_EMAIL: &str = r#"curl -X 'POST' \
  'https://intelligence.threatwinds.com/api/auth/v2/email' \
  -H 'accept: application/json' \
  -H 'Authorization: Bearer fq6JoEFTsxiXAl1cVdPDnK4emIQCwaUBfq9JoEFTsxhXAl1cVxPDnK4emIQCwaUB' \
  -H 'Content-Type: application/json' \
  -d '{
  "address": "john@doe.com"
}'"#;

const DELETE_EMAIL: &str = r"curl -X 'DELETE' \
  'https://intelligence.threatwinds.com/api/auth/v2/email/5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e' \
  -H 'accept: application/json' \
  -H 'Authorization: Bearer 5f35d2c4-5633-4b16-bxf0-5ca32ef8ea2e'";

const GET_EMAILS: &str = r"curl -X 'GET' \
  'https://intelligence.threatwinds.com/api/auth/v2/emails' \
  -H 'accept: application/json' \
  -H 'Authorization: Bearer 63VD8JoautQNqRLcqNOlJid02R7CDbWK'";

const VERIFY_EMAIL: &str = r#"curl -X 'PUT' \
  'https://intelligence.threatwinds.com/api/auth/v2/email/verification' \
  -H 'accept: application/json' \
  -H 'Content-Type: application/json' \
  -d '{
  "code": "757564",
  "verificationCodeID": "1c233e4a-27e7-4b77-8b0d-9a35cf212afe"
}'"#;

const PREFER_EMAIL: &str = r#"curl -X 'PUT' \
  'https://intelligence.threatwinds.com/api/auth/v2/email/preferred' \
  -H 'accept: application/json' \
  -H 'Authorization: Jlore138gST9TnQKRWZZzLW4NfxCo0q8' \
  -H 'Content-Type: application/json' \
  -d '{
  "emailID": "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e"
}'"#;

const CREATE_USER: &str = r#"curl -X 'POST' \
  'https://intelligence.threatwinds.com/api/auth/v2/user' \
  -H 'accept: application/json' \
  -H 'Content-Type: application/json' \
  -d '{
  "email": "john@doe.net",
  "fullName": "John Doe",
  "alias": "johny"
}'"#;

const GET_USER: &str = r"curl -X 'GET' \
  'https://intelligence.threatwinds.com/api/auth/v2/user/id/5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e' \
  -H 'accept: application/json'";

/// The response in the document about users.
const CREATED_USER: &str = r#"{
  "bearer": "fq6JoEFTsxiXAl1cVdPDnK4emIQCwaUBfq6JoEFTsxiXAl1cVxPDnK4emIQCwaUB",
  "sessionID": "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e",
  "expireAt": 1674492894,
  "ip": "1.1.1.1",
  "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/51.0.2704.103 Safari/537.36",
  "verificationCodeID": "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e"
}"#;

/// Runs a printed command, with some values of the example replaced.
async fn curl(product: &Product, printed: &str, replacements: &[(&str, &str)]) -> Answer {
    let mut command = printed.replace(HOST, product.stack.api_url());
    for (example, value) in replacements {
        assert!(command.contains(example), "{example} is not in {command}");
        command = command.replace(example, value);
    }
    // Text in quotes is an argument. The text before it gives the kind of argument.
    let mut pieces = command.split('\'');
    let (mut method, mut url, mut headers, mut body) = (Method::GET, "", Vec::new(), None);
    while let (Some(option), Some(argument)) = (pieces.next(), pieces.next()) {
        match option.trim().trim_start_matches("curl").trim_start_matches('\\').trim() {
            "-X" => method = argument.parse().expect("a method"),
            "-H" => headers.push(argument.split_once(": ").expect("a header")),
            "-d" => body = Some(argument.to_owned()),
            "" => url = argument,
            other => panic!("an option that no example has: {other}"),
        }
    }
    let request = reqwest::Client::new().request(method, url);
    let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    product.send(if let Some(body) = body { request.body(body) } else { request }).await
}

fn kinds(body: &Value) -> Vec<(&String, &str)> {
    let kind = |value: &Value| match value {
        Value::String(_) => "string",
        Value::Number(number) if number.is_i64() => "integer",
        other => panic!("a type that no example has: {other}"),
    };
    body.as_object().expect("an object").iter().map(|(name, value)| (name, kind(value))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_works_as_printed() {
    product(async |product| {
        // Create user, and verify the session, as the note below the example says.
        let created = curl(product, CREATE_USER, &[]).await.expect(202);
        let example: Value = serde_json::from_str(CREATED_USER).unwrap();
        assert_eq!(kinds(&created.body), kinds(&example));
        assert_eq!(created.text("bearer").len(), example["bearer"].as_str().unwrap().len());
        let john = Requested::of(&created);
        let code = product.newest_code("john@doe.net").await;
        product.verify_session(&john.id, &code).await.acknowledged();

        // Get user by ID.
        let user = product.session(&john.bearer).await.expect(200).text("userID");
        let id = ("5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e", user.as_str());
        assert_eq!(curl(product, GET_USER, &[id]).await.expect(200).body, json!({"alias": "johny"}));

        // Create email.
        let bearer = ("fq6JoEFTsxiXAl1cVdPDnK4emIQCwaUBfq9JoEFTsxhXAl1cVxPDnK4emIQCwaUB", john.bearer.as_str());
        let added = curl(product, CREATE_EMAIL, &[bearer]).await.expect(202).text("verificationCodeID");

        // Verify email, without an Authorization header.
        let code = product.newest_code("john@doe.com").await;
        let replacements = [("757564", code.as_str()), ("1c233e4a-27e7-4b77-8b0d-9a35cf212afe", &added)];
        curl(product, VERIFY_EMAIL, &replacements).await.acknowledged();

        // Get emails.
        let bearer = ("63VD8JoautQNqRLcqNOlJid02R7CDbWK", john.bearer.as_str());
        let emails = curl(product, GET_EMAILS, &[bearer]).await.expect(200).body["emails"].clone();
        let id_of = |address: &str| {
            let email = emails.as_array().unwrap().iter().find(|email| email["address"] == address).expect("an email");
            email["emailID"].as_str().unwrap().to_owned()
        };

        // Set email as preferred, with a bearer that has no scheme.
        let bearer = ("Jlore138gST9TnQKRWZZzLW4NfxCo0q8", john.bearer.as_str());
        let id = ("5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e", id_of("john@doe.com"));
        curl(product, PREFER_EMAIL, &[bearer, (id.0, &id.1)]).await.acknowledged();

        // Delete email.
        let bearer = ("5f35d2c4-5633-4b16-bxf0-5ca32ef8ea2e", john.bearer.as_str());
        let id = ("5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e", id_of("john@doe.net"));
        curl(product, DELETE_EMAIL, &[bearer, (id.0, &id.1)]).await.acknowledged();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_integer_code_works_with_the_documented_authorization_header() {
    product(async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        let (id, code) = product.email_code(&john, "john@doe.com").await;
        let header = format!("-H 'accept: application/json' \\\n  -H 'Authorization: Bearer {}'", john.bearer);
        let replacements =
            [("1c233e4a-27e7-4b77-8b0d-9a35cf212afe", id.as_str()), ("-H 'accept: application/json'", &header)];
        let number = code.trim_start_matches('0');
        curl(product, VERIFY_EMAIL, &[replacements[0], replacements[1], ("\"757564\"", number)]).await.acknowledged();
    })
    .await;
}

/// The requests and the members that the public JavaScript SDK uses in `createKeyPair`,
/// `listKeyPairs` and `deleteKeyPair`, and when it authenticates with a key pair. It has no method
/// that verifies one.
#[tokio::test(flavor = "multi_thread")]
async fn the_key_pairs_of_the_public_sdk_work() {
    product(async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        let as_john = |method, path: &str| {
            let request = product.request(method, path).header("content-type", "application/json");
            request.bearer_auth(&john.bearer).header("user-agent", "threatwinds-sdk")
        };
        let body = json!({"name": "Example", "days": 365});
        let created = product.send(as_john(Method::POST, "/keypair").body(body.to_string())).await.expect(202).body;
        let text = |name: &str| created[name].as_str().expect("a text").to_owned();
        assert_eq!((text("apiKey").len(), text("apiSecret").len(), text("keyName").as_str()), (32, 64, "Example"));
        assert!(created["expireAt"].is_i64() && created["verified"] == false, "{created}");
        let code = product.newest_code("john@doe.net").await;
        let body = json!({"verificationCodeID": text("verificationCodeID"), "code": code});
        let verify = as_john(Method::PUT, "/keypair/verification").body(body.to_string());
        product.send(verify).await.acknowledged();

        let listed = product.send(as_john(Method::GET, "/keypairs")).await.expect(200).body;
        let members = ["apiKey", "keyID", "keyName", "expireAt"].map(|name| (name, created[name].clone()));
        let mut expected: Value = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        expected["verified"] = json!(true);
        assert_eq!(listed, json!({"keys": [expected]}));

        let with_key = || {
            let request = product.request(Method::GET, "/keypair").header("api-key", text("apiKey"));
            request.header("api-secret", text("apiSecret"))
        };
        let checked = product.send(with_key()).await.expect(200).body;
        assert_eq!((&checked["userID"], &checked["userName"]), (&json!(john.user_id), &json!("John Doe")));
        assert_eq!((&checked["userAlias"], &checked["verified"]), (&json!("johny"), &json!(true)));

        let delete = as_john(Method::DELETE, &format!("/keypair/{}", text("keyID")));
        product.send(delete).await.acknowledged();
        product.send(with_key()).await.expect(401);
        assert_eq!(product.send(as_john(Method::GET, "/keypairs")).await.expect(200).body, json!({"keys": []}));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_values_of_the_examples_are_refused() {
    product(async |product| {
        let answers = [
            (CREATE_EMAIL, 401),
            (DELETE_EMAIL, 401),
            (GET_EMAILS, 401),
            (VERIFY_EMAIL, 401),
            (PREFER_EMAIL, 401),
            (GET_USER, 404),
        ];
        for (printed, status) in answers {
            // `x-error`, `x-error-id` and the rest of every refusal are checked when a response is
            // read.
            curl(product, printed, &[]).await.expect(status);
        }
    })
    .await;
}

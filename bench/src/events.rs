//! The events that the functions are invoked with. All of them succeed, because they refer to users
//! and codes that exist.

use std::{collections::BTreeMap, fs, path::Path};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    Result,
    binaries::ROOT,
    users::{Product, SignedInUser, text},
};

/// Creates events for one function.
pub(crate) struct Events {
    function: String,
    pub(crate) product: Product,
    /// The user that the functions read repeatedly. `None` for send-mail.
    john: Option<SignedInUser>,
}

impl Events {
    pub(crate) async fn start(function: &str) -> Result<Self> {
        // The stack's own send-mail must not send the emails that are meant for the measured one.
        if function == "send-mail" {
            let unreachable = ("send-mail/AWS_ENDPOINT_URL_DYNAMODB".to_owned(), "http://127.0.0.1:1".to_owned());
            let product = Product::start(BTreeMap::from([unreachable])).await?;
            return Ok(Self { function: function.to_owned(), product, john: None });
        }
        let mut product = Product::start(BTreeMap::new()).await?;
        let john = Some(product.sign_up().await?);
        Ok(Self { function: function.to_owned(), product, john })
    }

    /// Creates the next event, and first everything that it needs to succeed.
    pub(crate) async fn next(&mut self) -> Result<String> {
        if self.function == "send-mail" {
            return self.record().await;
        }
        let john = self.john.clone().ok_or("there is no user")?;
        let product = &mut self.product;
        let event = match self.function.as_str() {
            "hello" => json!({}),
            "handle-mail-event" => {
                let (address, _) = product.new_identity();
                let Event(mut event) = Event::read("handle-mail-event", "hard-bounce")?;
                let mail = event.pointer_mut("/detail/mail").ok_or("no mail")?;
                set(mail, "destination", json!([address]));
                event
            }
            "get-item" => json!({"pk": format!("USER#{}", john.user_id), "sk": "USER"}),
            "get-user" => Event::read("get-user", "valid")?.with_path_id(&john.user_id).into(),
            "create-user" => {
                let (address, alias) = product.new_identity();
                let body = json!({"email": address, "fullName": "John Doe", "alias": alias});
                Event::read("create-user", "valid")?.with_body(&body).into()
            }
            // Verifies a sign-in, because sign-ins are more frequent than sign-ups.
            "verify-session" => {
                let jane = product.sign_up().await?;
                let body = json!({"email": jane.address});
                let requested = product.call(Method::POST, "/session", "", Some(&body)).await?;
                let code = product.code(&jane.address, &requested).await?;
                Event::read("verify-session", "sign-in")?.with_body(&code.body()).into()
            }
            // Every event from here on uses a new account, so that all of them cost the same.
            "create-session" => {
                let jane = product.sign_up().await?;
                Event::read("create-session", "valid")?.with_body(&json!({"email": jane.address})).into()
            }
            "close-session" => {
                let jane = product.sign_up().await?;
                Event::read("close-session", "this-session")?.authorized_as(&jane).with_path_id(&jane.session_id).into()
            }
            "create-email" => {
                let jane = product.sign_up().await?;
                let (address, _) = product.new_identity();
                let body = json!({"address": address});
                Event::read("create-email", "valid")?.authorized_as(&jane).with_body(&body).into()
            }
            "resend-email-code" => {
                let jane = product.sign_up().await?;
                let (address, _) = product.add_address(&jane).await?;
                let body = json!({"address": address});
                Event::read("resend-email-code", "valid")?.authorized_as(&jane).with_body(&body).into()
            }
            "verify-email" => {
                let jane = product.sign_up().await?;
                let (address, requested) = product.add_address(&jane).await?;
                let code = product.code(&address, &requested).await?;
                Event::read("verify-email", "with-bearer")?.authorized_as(&jane).with_body(&code.body()).into()
            }
            "prefer-email" => {
                let jane = product.sign_up().await?;
                let email = product.add_verified_address(&jane).await?;
                let body = json!({"emailID": email});
                Event::read("prefer-email", "valid")?.authorized_as(&jane).with_body(&body).into()
            }
            "delete-email" => {
                let jane = product.sign_up().await?;
                let email = product.add_verified_address(&jane).await?;
                Event::read("delete-email", "valid")?.authorized_as(&jane).with_path_id(&email).into()
            }
            // Reads, and what can be repeated.
            function => Event::read(function, "valid")?.authorized_as(&john).into(),
        };
        Ok(event.to_string())
    }

    /// Requests a sign-up, and returns the record that the table's stream has of it.
    async fn record(&mut self) -> Result<String> {
        let (address, alias) = self.product.new_identity();
        let body = json!({"email": address, "fullName": "John Doe", "alias": alias});
        let requested = self.product.call(Method::POST, "/user", "", Some(&body)).await?;
        let key = format!("CODE#{}", text(&requested, "verificationCodeID")?);
        let image = self.product.item(&key, "CODE").await?;
        let Event(mut event) = Event::read("send-mail", "sign-up-code")?;
        let record = event.pointer_mut("/Records/0/dynamodb").ok_or("no record")?;
        set(record, "Keys", json!({"pk": {"S": key}, "sk": {"S": "CODE"}}));
        set(record, "NewImage", image);
        Ok(event.to_string())
    }
}

/// An event from `events/`, changed to refer to users that exist.
struct Event(Value);

impl Event {
    fn read(function: &str, case: &str) -> Result<Self> {
        let path = Path::new(ROOT).join(format!("events/{function}/{case}.json"));
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(serde_json::from_str(&text)?))
    }

    fn authorized_as(mut self, user: &SignedInUser) -> Self {
        if let Some(headers) = self.0.get_mut("headers") {
            set(headers, "authorization", format!("Bearer {}", user.bearer).into());
        }
        self
    }

    fn with_body(mut self, body: &Value) -> Self {
        set(&mut self.0, "body", body.to_string().into());
        self
    }

    /// Sets the ID in the path parameters. The paths keep the old ID: it is equally long, and no
    /// function reads the paths.
    fn with_path_id(mut self, id: &str) -> Self {
        set(&mut self.0, "pathParameters", json!({"id": id}));
        self
    }
}

impl From<Event> for Value {
    fn from(Event(event): Event) -> Self {
        event
    }
}

fn set(object: &mut Value, field: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(field.to_owned(), value);
    }
}

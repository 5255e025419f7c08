//! What the functions are invoked with: events that all go well, each with people and codes that are really there.

use std::{collections::BTreeMap, fs, path::Path};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    Result,
    binaries::ROOT,
    people::{Person, Product, text},
};

/// Makes one function's events.
pub(crate) struct Events {
    function: String,
    pub(crate) product: Product,
    /// Whose session and addresses are read, time and again.
    john: Option<Person>,
}

impl Events {
    pub(crate) async fn start(function: &str) -> Result<Self> {
        // Mails for send-mail's binary must not be sent by the product's own.
        if function == "send-mail" {
            let nowhere = ("send-mail/AWS_ENDPOINT_URL_DYNAMODB".to_owned(), "http://127.0.0.1:1".to_owned());
            let product = Product::start(BTreeMap::from([nowhere])).await?;
            return Ok(Self { function: function.to_owned(), product, john: None });
        }
        let mut product = Product::start(BTreeMap::new()).await?;
        let john = Some(product.sign_up().await?);
        Ok(Self { function: function.to_owned(), product, john })
    }

    /// The next event, which has its success before it.
    pub(crate) async fn next(&mut self) -> Result<String> {
        if self.function == "send-mail" {
            return self.record().await;
        }
        let john = self.john.clone().ok_or("there is nobody")?;
        let product = &mut self.product;
        let event = match self.function.as_str() {
            "hello" => json!({}),
            "handle-mail-event" => {
                let (address, _) = product.somebody();
                let Event(mut event) = Event::read("handle-mail-event", "hard-bounce")?;
                let mail = event.pointer_mut("/detail/mail").ok_or("no mail")?;
                set(mail, "destination", json!([address]));
                event
            }
            "get-item" => json!({"pk": format!("USER#{}", john.user_id), "sk": "USER"}),
            "check-session" | "extend-session" | "list-emails" | "list-sessions" => {
                Event::read(&self.function, "valid")?.of(&john).into()
            }
            "get-user" => Event::read("get-user", "valid")?.about(&john.user_id).into(),
            "create-user" => {
                let (address, alias) = product.somebody();
                let body = json!({"email": address, "fullName": "John Doe", "alias": alias});
                Event::read("create-user", "valid")?.saying(&body).into()
            }
            // A sign-in, as more people do than sign up.
            "verify-session" => {
                let jane = product.sign_up().await?;
                let body = json!({"email": jane.address});
                let asked = product.call(Method::POST, "/session", "", Some(&body)).await?;
                let code = product.code(&jane.address, &asked).await?;
                Event::read("verify-session", "sign-in")?.saying(&code.body()).into()
            }
            // Each on an account that has done nothing else yet, so that all cost the same.
            "create-session" => {
                let jane = product.sign_up().await?;
                Event::read("create-session", "valid")?.saying(&json!({"email": jane.address})).into()
            }
            "close-session" => {
                let jane = product.sign_up().await?;
                Event::read("close-session", "this-session")?.of(&jane).about(&jane.session_id).into()
            }
            "create-email" => {
                let jane = product.sign_up().await?;
                let (address, _) = product.somebody();
                Event::read("create-email", "valid")?.of(&jane).saying(&json!({"address": address})).into()
            }
            "resend-email-code" => {
                let jane = product.sign_up().await?;
                let (address, _) = product.add_address(&jane).await?;
                Event::read("resend-email-code", "valid")?.of(&jane).saying(&json!({"address": address})).into()
            }
            "verify-email" => {
                let jane = product.sign_up().await?;
                let (address, asked) = product.add_address(&jane).await?;
                let code = product.code(&address, &asked).await?;
                Event::read("verify-email", "with-bearer")?.of(&jane).saying(&code.body()).into()
            }
            "prefer-email" => {
                let jane = product.sign_up().await?;
                let email = product.add_proved_address(&jane).await?;
                Event::read("prefer-email", "valid")?.of(&jane).saying(&json!({"emailID": email})).into()
            }
            "delete-email" => {
                let jane = product.sign_up().await?;
                let email = product.add_proved_address(&jane).await?;
                Event::read("delete-email", "valid")?.of(&jane).about(&email).into()
            }
            other => return Err(format!("bench has no events for {other}").into()),
        };
        Ok(event.to_string())
    }

    /// What the table's stream has to say of a sign-up that was asked for.
    async fn record(&mut self) -> Result<String> {
        let (address, alias) = self.product.somebody();
        let body = json!({"email": address, "fullName": "John Doe", "alias": alias});
        let asked = self.product.call(Method::POST, "/user", "", Some(&body)).await?;
        let key = format!("CODE#{}", text(&asked, "verificationCodeID")?);
        let image = self.product.item(&key, "CODE").await?;
        let Event(mut event) = Event::read("send-mail", "sign-up-code")?;
        let record = event.pointer_mut("/Records/0/dynamodb").ok_or("no record")?;
        set(record, "Keys", json!({"pk": {"S": key}, "sk": {"S": "CODE"}}));
        set(record, "NewImage", image);
        Ok(event.to_string())
    }
}

/// One of `events/`, changed into one of people who are there.
struct Event(Value);

impl Event {
    fn read(function: &str, case: &str) -> Result<Self> {
        let path = Path::new(ROOT).join(format!("events/{function}/{case}.json"));
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(serde_json::from_str(&text)?))
    }

    fn of(mut self, person: &Person) -> Self {
        if let Some(headers) = self.0.get_mut("headers") {
            set(headers, "authorization", format!("Bearer {}", person.bearer).into());
        }
        self
    }

    fn saying(mut self, body: &Value) -> Self {
        set(&mut self.0, "body", body.to_string().into());
        self
    }

    /// As all IDs are equally long, paths are what they were but for theirs; no function reads them.
    fn about(mut self, id: &str) -> Self {
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

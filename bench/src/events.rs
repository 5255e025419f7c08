//! The events that the functions are invoked with. All of them succeed, because they refer to users
//! and codes that exist.

use std::{collections::BTreeMap, fs, path::Path};

use hyper::Method;
use local::{Options, Stack};
use serde_json::{Value, json};

use crate::{
    Result,
    binaries::ROOT,
    client::{Connection, SignedInUser, identity, sign_up_body, text},
};

/// Rate limits and quotas that no run reaches. The requests of a source IP address are still
/// counted, as in a deployment.
const PARAMETERS: [(&str, &str); 6] = [
    ("EmailsPerUser", "50"),
    ("MailBurst", "100"),
    ("MailIntervalSeconds", "0"),
    ("MailsPerDay", "1000"),
    ("MailsPerSourceIpPerHour", "1000000"),
    ("SessionsPerUser", "1000"),
];

/// Creates events for one function.
pub(crate) struct Events {
    function: String,
    pub(crate) stack: Stack,
    /// The user that the functions read repeatedly. `None` for send-mail.
    john: Option<SignedInUser>,
    /// The number of events so far.
    count: u64,
}

impl Events {
    pub(crate) async fn start(function: &str) -> Result<Self> {
        let is_send_mail = function == "send-mail";
        let mut variables = BTreeMap::new();
        if is_send_mail {
            // The stack's own send-mail must not send the emails that are meant for the measured
            // one.
            variables.insert("send-mail/AWS_ENDPOINT_URL_DYNAMODB".to_owned(), "http://127.0.0.1:1".to_owned());
        }
        let parameters = PARAMETERS.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let stack = Stack::start(Options { parameters, variables, ..Options::default() }).await?;
        let john = if is_send_mail { None } else { Some(Connection::open(stack.api_url()).await?.sign_up(0).await?) };
        Ok(Self { function: function.to_owned(), stack, john, count: 0 })
    }

    /// Creates the next event, and first everything that it needs to succeed.
    pub(crate) async fn next(&mut self) -> Result<String> {
        self.count += 1;
        let number = self.count;
        let mut api = Connection::open(self.stack.api_url()).await?;
        if self.function == "send-mail" {
            return self.record(&mut api, number).await;
        }
        let john = self.john.as_ref().ok_or("there is no user")?;
        let (address, _) = identity(number);
        let second_address = format!("work.{address}");
        let event = match self.function.as_str() {
            "hello" => json!({}),
            "handle-mail-event" => {
                let Event(mut event) = Event::read("handle-mail-event", "hard-bounce")?;
                let mail = event.pointer_mut("/detail/mail").ok_or("no mail")?;
                set(mail, "destination", json!([address]));
                event
            }
            "get-item" => json!({"pk": format!("USER#{}", john.user_id), "sk": "USER"}),
            "get-user" => Event::read("get-user", "valid")?.with_path_id(&john.user_id).into(),
            "create-user" => Event::read("create-user", "valid")?.with_body(&sign_up_body(number)).into(),
            // Verifies a sign-in, because sign-ins are more frequent than sign-ups.
            "verify-session" => {
                api.sign_up(number).await?;
                let requested = api.send_json(Method::POST, "/session", "", &json!({"email": address})).await?;
                let code = api.code(&address, 1, &requested).await?;
                Event::read("verify-session", "sign-in")?.with_body(&code).into()
            }
            // Every event from here on uses a new account, so that all of them cost the same.
            "create-session" => {
                api.sign_up(number).await?;
                Event::read("create-session", "valid")?.with_body(&json!({"email": address})).into()
            }
            "close-session" => {
                let jane = api.sign_up(number).await?;
                Event::read("close-session", "this-session")?.authorized_as(&jane).with_path_id(&jane.session_id).into()
            }
            "create-email" => {
                let jane = api.sign_up(number).await?;
                let body = json!({"address": second_address});
                Event::read("create-email", "valid")?.authorized_as(&jane).with_body(&body).into()
            }
            "resend-email-code" => {
                let jane = api.sign_up(number).await?;
                api.add_address(&jane, &second_address).await?;
                let body = json!({"address": second_address});
                Event::read("resend-email-code", "valid")?.authorized_as(&jane).with_body(&body).into()
            }
            "verify-email" => {
                let jane = api.sign_up(number).await?;
                let requested = api.add_address(&jane, &second_address).await?;
                let code = api.code(&second_address, 0, &requested).await?;
                Event::read("verify-email", "with-bearer")?.authorized_as(&jane).with_body(&code).into()
            }
            "prefer-email" => {
                let jane = api.sign_up(number).await?;
                let email = api.add_verified_address(&jane, &second_address).await?;
                let body = json!({"emailID": email});
                Event::read("prefer-email", "valid")?.authorized_as(&jane).with_body(&body).into()
            }
            "delete-email" => {
                let jane = api.sign_up(number).await?;
                let email = api.add_verified_address(&jane, &second_address).await?;
                Event::read("delete-email", "valid")?.authorized_as(&jane).with_path_id(&email).into()
            }
            // Reads, and what can be repeated.
            function => Event::read(function, "valid")?.authorized_as(john).into(),
        };
        Ok(event.to_string())
    }

    /// Requests a sign-up, and returns the record that the table's stream has of it.
    async fn record(&self, api: &mut Connection, number: u64) -> Result<String> {
        let requested = api.send_json(Method::POST, "/user", "", &sign_up_body(number)).await?;
        let key = format!("CODE#{}", text(&requested, "verificationCodeID")?);
        let keys = json!({"pk": {"S": key}, "sk": {"S": "CODE"}});
        let table = self.stack.environment("create-user").and_then(|variables| variables.get("TABLE_NAME"));
        let get = json!({"TableName": table, "Key": keys, "ConsistentRead": true});
        let item = Connection::open(self.stack.dynamodb_url()).await?.dynamodb("GetItem", &get).await?;
        let item = serde_json::from_slice::<Value>(&item)?.get("Item").cloned().ok_or("the code was not stored")?;
        let Event(mut event) = Event::read("send-mail", "sign-up-code")?;
        let record = event.pointer_mut("/Records/0/dynamodb").ok_or("no record")?;
        set(record, "Keys", keys);
        set(record, "NewImage", item);
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

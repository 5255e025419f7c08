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
const PARAMETERS: [(&str, &str); 7] = [
    ("EmailsPerUser", "20"),
    ("AccountChangesPerDay", "1000"),
    ("MailBurst", "100"),
    ("MailIntervalSeconds", "0"),
    ("MailsPerDay", "1000"),
    ("MailsPerSourceIpPerHour", "1000000"),
    ("SessionsPerUser", "80"),
];

/// Creates events for one function.
pub(crate) struct Events {
    function: String,
    pub(crate) stack: Stack,
    /// The user that the functions read repeatedly. `None` for the senders of emails.
    john: Option<SignedInUser>,
    /// The number of events so far.
    count: u64,
}

impl Events {
    pub(crate) async fn start(function: &str) -> Result<Self> {
        let is_sender = function.starts_with("send-");
        let mut variables = BTreeMap::new();
        if is_sender {
            // The stack's own function must not send the emails that are meant for the measured
            // one.
            variables.insert(format!("{function}/AWS_ENDPOINT_URL_DYNAMODB"), "http://127.0.0.1:1".to_owned());
        }
        let parameters = PARAMETERS.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let stack = Stack::start(Options { parameters, variables, ..Options::default() }).await?;
        let john = if is_sender { None } else { Some(Connection::open(stack.api_url()).await?.sign_up(0).await?) };
        Ok(Self { function: function.to_owned(), stack, john, count: 0 })
    }

    /// Creates the next event, and first everything that it needs to succeed.
    pub(crate) async fn next(&mut self) -> Result<String> {
        self.count += 1;
        let number = self.count;
        let mut api = Connection::open(self.stack.api_url()).await?;
        match self.function.as_str() {
            "send-mail" => return self.code(&mut api, number).await,
            "send-notices" => return self.notice(&mut api, number).await,
            _ => {}
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
            "reauthenticate-session" => {
                let jane = api.sign_up(number).await?;
                Event::read("reauthenticate-session", "valid")?.authorized_as(&jane).into()
            }
            "close-session" => {
                let jane = api.sign_up(number).await?;
                Event::read("close-session", "this-session")?.authorized_as(&jane).with_path_id(&jane.session_id).into()
            }
            "close-sessions" | "delete-user" => {
                let jane = api.sign_up(number).await?;
                Event::read(&self.function, "valid")?.authorized_as(&jane).into()
            }
            "update-user" => {
                let jane = api.sign_up(number).await?;
                let body = json!({"alias": format!("changed{number}")});
                Event::read("update-user", "valid")?.authorized_as(&jane).with_body(&body).into()
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
            // A preflight request is the only one that it does not reject.
            "reject-request" => {
                let Event(mut event) = Event::read("reject-request", "by-email")?;
                let http = event.pointer_mut("/requestContext/http").ok_or("no request")?;
                set(http, "method", json!("OPTIONS"));
                let headers = event.pointer_mut("/headers").ok_or("no headers")?;
                set(headers, "access-control-request-method", json!("GET"));
                event
            }
            "check-keypair" | "create-keypair" | "delete-keypair" | "verify-keypair" => {
                self.of_key_pair(&mut api, number).await?
            }
            // Reads, and what can be repeated.
            function => Event::read(function, "valid")?.authorized_as(john).into(),
        };
        Ok(event.to_string())
    }

    /// Returns the event of a function of key pairs, for the key pair of a new user.
    async fn of_key_pair(&self, api: &mut Connection, number: u64) -> Result<Value> {
        let jane = api.sign_up(number).await?;
        if self.function == "create-keypair" {
            return Ok(Event::read("create-keypair", "valid")?.authorized_as(&jane).into());
        }
        let created = api.add_key_pair(&jane).await?;
        if self.function == "delete-keypair" {
            let id = text(&created, "keyID")?;
            return Ok(Event::read("delete-keypair", "valid")?.authorized_as(&jane).with_path_id(&id).into());
        }
        let code = api.code(&identity(number).0, 1, &created).await?;
        if self.function == "verify-keypair" {
            return Ok(Event::read("verify-keypair", "with-bearer")?.authorized_as(&jane).with_body(&code).into());
        }
        api.send_json(Method::PUT, "/keypair/verification", "", &code).await?;
        Ok(Event::read("check-keypair", "valid")?.with_key_pair(&created).into())
    }

    /// Requests a sign-up, and returns the record that the table's stream has of it.
    async fn code(&self, api: &mut Connection, number: u64) -> Result<String> {
        let requested = api.send_json(Method::POST, "/user", "", &sign_up_body(number)).await?;
        let key = format!("CODE#{}", text(&requested, "verificationCodeID")?);
        let keys = json!({"pk": {"S": key}, "sk": {"S": "CODE"}});
        let get = json!({"TableName": self.table(), "Key": keys, "ConsistentRead": true});
        let item = Connection::open(self.stack.dynamodb_url()).await?.dynamodb("GetItem", &get).await?;
        let item = serde_json::from_slice::<Value>(&item)?.get("Item").cloned().ok_or("the code was not stored")?;
        record("send-mail", "sign-up-code", item)
    }

    /// Adds a verified address to an account, and returns the record of the notice.
    async fn notice(&self, api: &mut Connection, number: u64) -> Result<String> {
        let jane = api.sign_up(number).await?;
        let (address, _) = identity(number);
        api.add_verified_address(&jane, &format!("work.{address}")).await?;
        let scan = json!({
            "TableName": self.table(), "ConsistentRead": true,
            "FilterExpression": "sk = :kind AND #to = :address", "ExpressionAttributeNames": {"#to": "to"},
            "ExpressionAttributeValues": {":kind": {"S": "NOTICE"}, ":address": {"S": address}},
        });
        let items = Connection::open(self.stack.dynamodb_url()).await?.dynamodb("Scan", &scan).await?;
        let items = serde_json::from_slice::<Value>(&items)?;
        let item = items.pointer("/Items/0").cloned().ok_or("the notice was not stored")?;
        record("send-notices", "address-verified", item)
    }

    fn table(&self) -> Option<&String> {
        self.stack.environment("create-user").and_then(|variables| variables.get("TABLE_NAME"))
    }
}

/// Returns an event with the record of this item.
fn record(function: &str, case: &str, item: Value) -> Result<String> {
    let Event(mut event) = Event::read(function, case)?;
    let record = event.pointer_mut("/Records/0/dynamodb").ok_or("no record")?;
    let key = |name: &str| item.get(name).cloned().ok_or("no key");
    set(record, "Keys", json!({"pk": key("pk")?, "sk": key("sk")?}));
    set(record, "NewImage", item);
    Ok(event.to_string())
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

    fn with_key_pair(mut self, created: &Value) -> Self {
        for (header, member) in [("api-key", "apiKey"), ("api-secret", "apiSecret")] {
            if let (Some(headers), Some(value)) = (self.0.get_mut("headers"), created.get(member)) {
                set(headers, header, value.clone());
            }
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

//! Executes each step on the product, and compares the result with the model.

use std::{collections::BTreeMap, time::Duration};

use local::Clock;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use shared::Timestamp;
use uuid::Uuid;

use super::{
    answers::{Expected, ListedKeyPair, Success},
    requests::{Bearer, Guess, Name, Ref, Request, Step, Tag, UNUSABLE},
    world::{START, World},
};
use crate::deliveries::{deliver, forget_mark, image_of, record};
use crate::support::{Answer, EmailKind, KeyPair, Product, Proxy, Settings, code_in, failing, wrong};

/// The guess if no email has a code.
const NO_CODE: &str = "000000";

/// The running product, and the knowledge of its client.
pub(super) struct Running {
    pub(super) product: Product,
    /// The proxy in front of DynamoDB, if DynamoDB is to fail.
    proxy: Option<Proxy>,
    /// What was issued with a code, by the tag of the code.
    pub(super) issued: BTreeMap<Tag, Issued>,
    pub(super) users: BTreeMap<Tag, String>,
    pub(super) emails: BTreeMap<Tag, String>,
    /// The number of emails that were read so far.
    read: usize,
    pub(super) table: BTreeMap<String, Value>,
}

#[derive(Debug, Default)]
pub(super) struct Issued {
    pub(super) code_id: String,
    pub(super) bearer: Option<String>,
    pub(super) session_id: Option<String>,
    pub(super) key_pair: Option<KeyPair>,
    /// Read from the email.
    pub(super) code: Option<String>,
}

impl Running {
    pub(super) async fn start(parameters: Vec<(&'static str, &'static str)>, with_faults: bool) -> Self {
        let proxy = if with_faults { Some(Proxy::start().await) } else { None };
        let clock = Clock::stopped_at(Timestamp::from_seconds(START));
        let usual = proxy.as_ref().map(Settings::through).unwrap_or_default();
        let product = Product::start(Settings { parameters, clock, ..usual }).await;
        if let Some(proxy) = &proxy {
            proxy.lead_to(&product);
        }
        let (issued, users, emails, table) = Default::default();
        Self { product, proxy, issued, users, emails, read: 0, table }
    }

    pub(super) async fn stop(self) {
        self.product.stack.shutdown().await;
    }

    /// Executes steps, beginning with this state of the model.
    pub(super) async fn follow_all(&mut self, steps: &[Step], mut world: World) {
        for step in steps {
            world = world.after(step);
            self.follow(step, &world).await;
        }
    }

    /// Executes a step. `world` is the state of the model afterwards.
    pub(super) async fn follow(&mut self, step: &Step, world: &World) {
        match step {
            Step::Pass(seconds) => self.product.pass(Duration::from_secs(seconds.unsigned_abs())),
            Step::Sweep => _ = self.product.stack.sweep().await.expect("a sweep"),
            Step::Redeliver(tag) => self.redeliver(*tag, world).await,
            Step::Ask(request) => self.send(request, world).await,
            Step::AskWhile(failing, request) => {
                self.refuse(Some(failing.operation()));
                self.send(request, world).await;
            }
        }
        assert_eq!(self.product.stack.clock().now().seconds(), world.now, "the clocks");
        let is_read = step.request().is_some_and(|request| request.is_read());
        if !is_read && world.expected.is_some() {
            let is_done = world.expected.as_ref().is_some_and(|expected| expected.answer.is_ok());
            self.check_table(is_done).await;
        }
    }

    /// Hands the record of a code to `send-mail` once more, as if the mark of its email had been
    /// lost.
    async fn redeliver(&mut self, tag: Tag, world: &World) {
        let expected = world.expected.as_ref().expect("a redelivery is expected to do something");
        let code = self.issued.get(&tag).and_then(|issued| issued.code.clone());
        if let Some(Issued { code_id, .. }) = self.issued.get(&tag).filter(|issued| !issued.code_id.is_empty())
            && let Some(image) = image_of(&self.product, code_id).await
        {
            forget_mark(&self.product, code_id).await;
            assert_eq!(deliver(&self.product, &[record(&image, 0)]).await, None);
        }
        self.read_mails(Some(tag), expected).await;
        assert_eq!(self.issued.get(&tag).and_then(|issued| issued.code.clone()), code, "the code of a redelivery");
    }

    /// Lets DynamoDB fail in this operation from now on, or in none.
    fn refuse(&self, operation: Option<&'static str>) {
        if let Some(proxy) = &self.proxy {
            operation.map_or_else(|| proxy.mend(), |operation| proxy.decide(failing(operation)));
            proxy.take_calls();
        }
    }

    async fn send(&mut self, request: &Request, world: &World) {
        let expected = world.expected.as_ref().expect("a request is answered");
        let answer = self.product.send(self.written(request)).await;
        self.refuse(None);
        self.compare(&answer, expected, request);
        self.read_mails(request.tag(), expected).await;
        if expected.answer.is_ok() {
            self.learn(&answer, request, world).await;
        }
    }

    /// Returns the request as a client sends it.
    fn written(&self, request: &Request) -> RequestBuilder {
        let send = |method, path: &str| self.product.request(method, path);
        let address = |address: &Option<Name>| address.map_or(UNUSABLE.to_owned(), Name::address);
        let with = |request: RequestBuilder, bearer: &Bearer| match bearer {
            Bearer::None => request,
            Bearer::Malformed => request.bearer_auth("no-bearer"),
            Bearer::Unknown => request.bearer_auth("0".repeat(64)),
            Bearer::Of(tag) => request.bearer_auth(self.bearer(*tag)),
        };
        let submitted_code = |code: &Ref, guess: &Guess| {
            let id = self.id(*code, |tag| self.issued.get(&tag).map(|issued| issued.code_id.clone()));
            json!({"verificationCodeID": id, "code": self.guess(*code, *guess)})
        };
        let session = |session: &Ref| self.id(*session, |tag| self.issued.get(&tag)?.session_id.clone());
        let email = |email: &Ref| self.id(*email, |tag| self.emails.get(&tag).cloned());
        match request {
            Request::SignUp { tag, address: email, alias } => {
                let alias = alias.map_or(UNUSABLE.to_owned(), Name::alias);
                let body = json!({"email": address(email), "fullName": full_name(*tag), "alias": alias});
                send(Method::POST, "/user").header("user-agent", agent(*tag)).json(&body)
            }
            Request::GetUser { user } => {
                let id = self.id(*user, |tag| self.users.get(&tag).cloned());
                send(Method::GET, &format!("/user/id/{id}"))
            }
            Request::GetAccount { bearer } => with(send(Method::GET, "/user"), bearer),
            Request::UpdateUser { bearer, alias } => {
                let alias = alias.map_or(UNUSABLE.to_owned(), Name::alias);
                with(send(Method::PUT, "/user"), bearer).json(&json!({"alias": alias}))
            }
            Request::DeleteUser { bearer } => with(send(Method::DELETE, "/user"), bearer),
            Request::SignIn { tag, address: email } => {
                let body = json!({"email": address(email)});
                send(Method::POST, "/session").header("user-agent", agent(*tag)).json(&body)
            }
            Request::VerifySession { code, guess } => {
                send(Method::PUT, "/session/verification").json(&submitted_code(code, guess))
            }
            Request::CheckSession { bearer } => with(send(Method::GET, "/session"), bearer),
            Request::ExtendSession { bearer } => with(send(Method::PUT, "/session/extend"), bearer),
            Request::CloseSession { bearer, session: id } => {
                with(send(Method::DELETE, &format!("/session/{}", session(id))), bearer)
            }
            Request::ListSessions { bearer } => with(send(Method::GET, "/sessions"), bearer),
            Request::CloseSessions { bearer, keep } => {
                let query = keep.map_or(String::new(), |keep| format!("?keep={keep}"));
                with(send(Method::DELETE, &format!("/sessions{query}")), bearer)
            }
            Request::Reauthenticate { bearer, .. } => with(send(Method::POST, "/session/reauthentication"), bearer),
            Request::AddEmail { bearer, address: email, .. } => {
                with(send(Method::POST, "/email"), bearer).json(&json!({"address": address(email)}))
            }
            Request::ListEmails { bearer } => with(send(Method::GET, "/emails"), bearer),
            Request::VerifyEmail { bearer, code, guess } => {
                with(send(Method::PUT, "/email/verification"), bearer).json(&submitted_code(code, guess))
            }
            Request::ResendCode { bearer, address: email, .. } => {
                with(send(Method::POST, "/email/verification"), bearer).json(&json!({"address": address(email)}))
            }
            Request::PreferEmail { bearer, email: id } => {
                with(send(Method::PUT, "/email/preferred"), bearer).json(&json!({"emailID": email(id)}))
            }
            Request::DeleteEmail { bearer, email: id } => {
                with(send(Method::DELETE, &format!("/email/{}", email(id))), bearer)
            }
            Request::CreateKeyPair { tag, bearer, is_valid } => {
                let body = if *is_valid { json!({"name": key_name(*tag), "days": 1}) } else { json!({}) };
                with(send(Method::POST, "/keypair"), bearer).json(&body)
            }
            Request::VerifyKeyPair { bearer, code, guess } => {
                with(send(Method::PUT, "/keypair/verification"), bearer).json(&submitted_code(code, guess))
            }
            Request::CheckKeyPair { key_pair } => self.with_key_pair(send(Method::GET, "/keypair"), *key_pair),
            Request::ListKeyPairs { bearer } => with(send(Method::GET, "/keypairs"), bearer),
            Request::DeleteKeyPair { bearer, key_pair } => {
                let id = self.id(*key_pair, |tag| Some(self.issued.get(&tag)?.key_pair.as_ref()?.id.clone()));
                with(send(Method::DELETE, &format!("/keypair/{id}")), bearer)
            }
        }
    }

    /// Adds a key pair. If there is none of that tag, it is an unknown one.
    fn with_key_pair(&self, request: RequestBuilder, key_pair: Ref) -> RequestBuilder {
        let tag = match key_pair {
            Ref::Malformed => return request.header("api-key", "no-key"),
            Ref::Unknown => None,
            Ref::Of(tag) => Some(tag),
        };
        match tag.and_then(|tag| self.issued.get(&tag)?.key_pair.as_ref()) {
            Some(key_pair) => key_pair.on(request),
            None => request.header("api-key", "0".repeat(32)).header("api-secret", "0".repeat(64)),
        }
    }

    /// Returns an ID. If there is none of the kind, it is that of something else, which must be
    /// treated as unknown.
    fn id(&self, id: Ref, of: impl Fn(Tag) -> Option<String>) -> String {
        let tag = match id {
            Ref::Malformed => return "no-id".to_owned(),
            Ref::Unknown => return Uuid::new_v4().to_string(),
            Ref::Of(tag) => tag,
        };
        let other = || self.issued.get(&tag).map(|issued| issued.code_id.clone());
        of(tag).or_else(other).unwrap_or_else(|| Uuid::new_v4().to_string())
    }

    pub(super) fn bearer(&self, tag: Tag) -> String {
        let issued = self.issued.get(&tag).and_then(|issued| issued.bearer.clone());
        issued.unwrap_or_else(|| "1".repeat(64))
    }

    fn guess(&self, code: Ref, guess: Guess) -> Value {
        let of = |tag| self.issued.get(&tag).and_then(|issued| issued.code.as_deref());
        let right = if let Ref::Of(tag) = code { of(tag) } else { None }.unwrap_or(NO_CODE);
        match guess {
            Guess::Right => right.into(),
            Guess::RightAsNumber => right.parse::<u64>().expect("digits").into(),
            Guess::Wrong => wrong(right).into(),
            Guess::Malformed => "123".into(),
            Guess::Of(tag) if Ref::Of(tag) == code => right.into(),
            // Two codes can be the same by chance.
            Guess::Of(tag) => of(tag).filter(|other| *other != right).map_or(wrong(right), str::to_owned).into(),
        }
    }

    fn compare(&self, answer: &Answer, expected: &Expected, request: &Request) {
        let refusal = match &expected.answer {
            Ok(success) => {
                assert_eq!(answer.status, if request.is_read() { 200 } else { 202 }, "{}", answer.body);
                assert_eq!(answer.body, self.body(success, answer, request));
                return;
            }
            Err(refusal) => refusal,
        };
        assert_eq!(answer.status, refusal.status(), "not {refusal:?}: {}", answer.body);
        let kind = answer.text("type").replace("urn:latchkey:problem:", "");
        assert!(refusal.kinds().contains(&kind.as_str()), "not {refusal:?}: {}", answer.body);
        let errors = answer.body["errors"].as_array().map_or(&[][..], Vec::as_slice);
        let fields: Vec<_> = errors.iter().map(|error| error["field"].as_str().expect("a field")).collect();
        assert_eq!(fields, refusal.fields(), "{}", answer.body);
        if let Some(wait) = refusal.retry_after() {
            assert_eq!(answer.header("retry-after"), Some(wait.to_string().as_str()), "{}", answer.body);
        }
    }

    /// Returns the expected body of a success. Newly issued values are taken from the response.
    fn body(&self, success: &Success, answer: &Answer, request: &Request) -> Value {
        let session_id = |tag: &Tag| self.issued[tag].session_id.clone().expect("a session has an ID");
        match success {
            Success::Acknowledged => json!({"message": "acknowledged"}),
            Success::Extended { ends } => json!({"message": "acknowledged", "expireAt": ends}),
            Success::Requested { session_ends: None } => {
                json!({"verificationCodeID": fresh(&answer.body, "verificationCodeID")})
            }
            Success::Requested { session_ends: Some(ends) } => {
                let bearer = answer.text("bearer");
                assert!(bearer.len() == 64 && bearer.bytes().all(|byte| byte.is_ascii_alphanumeric()));
                json!({
                    "bearer": bearer, "expireAt": ends, "ip": "127.0.0.1",
                    "userAgent": agent(request.tag().expect("a request for a code")),
                    "sessionID": fresh(&answer.body, "sessionID"),
                    "verificationCodeID": fresh(&answer.body, "verificationCodeID"),
                })
            }
            Success::Session(session) => json!({
                "sessionID": session_id(&session.code), "userID": self.users[&session.user],
                "alias": session.alias.alias(), "fullName": full_name(session.user), "expireAt": session.ends,
                "authenticatedAt": session.authenticated_at, "ip": "127.0.0.1", "userAgent": agent(session.code), "verified": true, "roles": ["user"],
                "groups": ["public"],
            }),
            Success::Sessions { active, current } => {
                let listed = active.iter().map(|(tag, created_at, ends)| {
                    json!({
                        "sessionID": session_id(tag), "ip": "127.0.0.1", "userAgent": agent(*tag), "createdAt": created_at,
                        "expireAt": ends,
                        "current": tag == current,
                    })
                });
                json!({"sessions": listed.collect::<Vec<_>>()})
            }
            Success::Emails(emails) => {
                let listed = emails.iter().map(|email| {
                    json!({
                        "emailID": self.emails[&email.email], "address": email.address.address(),
                        "verified": email.verified, "preferred": email.preferred, "deliverable": true,
                    })
                });
                json!({"emails": listed.collect::<Vec<_>>()})
            }
            Success::User { alias } => json!({"alias": alias.alias()}),
            Success::Account { user, alias, created_at, emails, sessions, key_pairs } => json!({
                "userID": self.users[user], "alias": alias.alias(), "fullName": full_name(*user), "language": "en",
                "roles": ["user"], "groups": ["public"], "createdAt": created_at,
                "emails": self.body(emails, answer, request)["emails"],
                "sessions": self.body(sessions, answer, request)["sessions"],
                "keys": self.body(key_pairs, answer, request)["keys"],
            }),
            Success::CreatedKeyPair { ends } => {
                let created = KeyPair::of(answer);
                assert!(created.key.len() == 32 && created.secret.len() == 64, "{created:?}");
                json!({
                    "apiKey": created.key, "apiSecret": created.secret, "keyID": fresh(&answer.body, "keyID"),
                    "keyName": key_name(request.tag().expect("a request for a code")), "expireAt": ends,
                    "verified": false, "verificationCodeID": fresh(&answer.body, "verificationCodeID"),
                })
            }
            Success::KeyPair { listed, user, alias } => {
                let mut body = self.listed_key_pair(listed);
                for (name, value) in [
                    ("userID", json!(self.users[user])),
                    ("userName", json!(full_name(*user))),
                    ("userAlias", json!(alias.alias())),
                    ("roles", json!(["user"])),
                    ("groups", json!(["public"])),
                ] {
                    body[name] = value;
                }
                body
            }
            Success::KeyPairs(key_pairs) => {
                json!({"keys": key_pairs.iter().map(|listed| self.listed_key_pair(listed)).collect::<Vec<_>>()})
            }
        }
    }

    fn listed_key_pair(&self, listed: &ListedKeyPair) -> Value {
        let KeyPair { id, key, .. } = self.issued[&listed.key_pair].key_pair.as_ref().expect("it was created");
        json!({
            "apiKey": key, "keyID": id, "keyName": key_name(listed.key_pair), "expireAt": listed.ends,
            "verified": listed.verified,
        })
    }

    /// Asserts that exactly the expected emails were sent.
    async fn read_mails(&mut self, tag: Option<Tag>, expected: &Expected) {
        let received = self.product.sent_emails().await;
        let new = &received[self.read..];
        let mut mailed: Vec<_> = new.iter().map(|mail| (EmailKind::of(mail), mail.to.join(", "))).collect();
        let mut wanted = expected.sent.clone();
        mailed.sort();
        wanted.sort();
        assert_eq!(mailed, wanted, "emails");
        let code = new.iter().find_map(code_in);
        assert_eq!(code.as_ref().map(String::len), expected.digits, "digits");
        if let (Some(tag), Some(code)) = (tag, code) {
            self.issued.entry(tag).or_default().code = Some(code);
        }
        self.read = received.len();
    }
}

/// Returns the user agent of the client that requests a code: every code has another one.
fn agent(tag: Tag) -> String {
    format!("model/{tag}")
}

fn key_name(tag: Tag) -> String {
    format!("Key {tag}")
}

fn full_name(tag: Tag) -> String {
    format!("Person {tag}")
}

/// Returns a newly issued ID, which is a UUID.
fn fresh(body: &Value, name: &str) -> String {
    let id = body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}"));
    Uuid::parse_str(id).expect("a UUID");
    id.to_owned()
}

//! The product beside the model: does each step for real, and holds what comes of it to what the model says.

use std::{collections::BTreeMap, time::Duration};

use local::Clock;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use shared::Timestamp;
use uuid::Uuid;

use super::{
    answers::{Expected, Told},
    requests::{Bearer, Guess, Ref, Request, Step, Tag, Typed, UNUSABLE},
    world::{BEGINNING, World},
};
use crate::deliveries::{deliver, forget_mark, image_of, record};
use crate::support::{Answer, Letter, Product, Proxy, Settings, code_in, failing, wrong};

/// What is guessed where no mail has a code.
const NO_CODE: &str = "000000";

/// The running product, and what its client knows.
pub(super) struct Running {
    pub(super) product: Product,
    /// Stands before DynamoDB where DynamoDB is to fail.
    proxy: Option<Proxy>,
    /// What was handed out with a code, by its tag.
    pub(super) handed: BTreeMap<Tag, Handed>,
    pub(super) users: BTreeMap<Tag, String>,
    pub(super) emails: BTreeMap<Tag, String>,
    /// Mails that were looked at.
    read: usize,
    pub(super) table: BTreeMap<String, Value>,
}

#[derive(Debug, Default)]
pub(super) struct Handed {
    pub(super) code_id: String,
    pub(super) bearer: Option<String>,
    pub(super) session_id: Option<String>,
    /// From the mail.
    pub(super) code: Option<String>,
}

impl Running {
    pub(super) async fn start(parameters: Vec<(&'static str, &'static str)>, with_faults: bool) -> Self {
        let proxy = if with_faults { Some(Proxy::start().await) } else { None };
        let clock = Clock::stopped_at(Timestamp::from_seconds(BEGINNING));
        let usual = proxy.as_ref().map(Settings::through).unwrap_or_default();
        let product = Product::start(Settings { parameters, clock, ..usual }).await;
        if let Some(proxy) = &proxy {
            proxy.lead_to(&product);
        }
        let (handed, users, emails, table) = Default::default();
        Self { product, proxy, handed, users, emails, read: 0, table }
    }

    pub(super) async fn stop(self) {
        self.product.stack.shutdown().await;
    }

    /// Does these steps, as the model does from that world on.
    pub(super) async fn follow_all(&mut self, steps: &[Step], mut world: World) {
        for step in steps {
            world = world.after(step);
            self.follow(step, &world).await;
        }
    }

    /// Does a step. `world` is as the model has it afterwards.
    pub(super) async fn follow(&mut self, step: &Step, world: &World) {
        match step {
            Step::Pass(seconds) => self.product.pass(Duration::from_secs(seconds.unsigned_abs())),
            Step::Sweep => _ = self.product.stack.sweep().await.expect("a sweep"),
            Step::Redeliver(tag) => self.redeliver(*tag, world).await,
            Step::Ask(request) => self.ask(request, world).await,
            Step::AskWhile(failing, request) => {
                self.refuse(Some(failing.operation()));
                self.ask(request, world).await;
            }
        }
        assert_eq!(self.product.stack.clock().now().seconds(), world.now, "the clocks");
        let is_read = step.request().is_some_and(|request| request.is_read());
        if !is_read && world.expected.is_some() {
            let is_done = world.expected.as_ref().is_some_and(|expected| expected.answer.is_ok());
            self.look_at_the_table(is_done).await;
        }
    }

    /// Hands the record of a code to `send-mail` once more, as if the mark of its email had been lost.
    async fn redeliver(&mut self, tag: Tag, world: &World) {
        let expected = world.expected.as_ref().expect("a redelivery is expected to do something");
        let code = self.handed.get(&tag).and_then(|handed| handed.code.clone());
        if let Some(Handed { code_id, .. }) = self.handed.get(&tag).filter(|handed| !handed.code_id.is_empty())
            && let Some(image) = image_of(&self.product, code_id).await
        {
            forget_mark(&self.product, code_id).await;
            assert_eq!(deliver(&self.product, &[record(&image, 0)]).await, None);
        }
        self.read_mails(Some(tag), expected).await;
        assert_eq!(self.handed.get(&tag).and_then(|handed| handed.code.clone()), code, "the code of a redelivery");
    }

    /// From now on, DynamoDB fails in this operation, or again in none.
    fn refuse(&self, operation: Option<&'static str>) {
        if let Some(proxy) = &self.proxy {
            operation.map_or_else(|| proxy.mend(), |operation| proxy.decide(failing(operation)));
            proxy.take_calls();
        }
    }

    async fn ask(&mut self, request: &Request, world: &World) {
        let expected = world.expected.as_ref().expect("a request is answered");
        let answer = self.product.send(self.written(request)).await;
        self.refuse(None);
        self.compare(&answer, expected, request);
        self.read_mails(request.tag(), expected).await;
        if expected.answer.is_ok() {
            self.learn(&answer, request, world).await;
        }
    }

    /// As a client sends it.
    fn written(&self, request: &Request) -> RequestBuilder {
        let send = |method, path: &str| self.product.request(method, path);
        let address = |address: &Option<Typed>| address.map_or(UNUSABLE.to_owned(), Typed::address);
        let with = |request: RequestBuilder, bearer: &Bearer| match bearer {
            Bearer::None => request,
            Bearer::Malformed => request.bearer_auth("no-bearer"),
            Bearer::Unknown => request.bearer_auth("0".repeat(64)),
            Bearer::Of(tag) => request.bearer_auth(self.bearer(*tag)),
        };
        let proof = |code: &Ref, guess: &Guess| {
            let id = self.id(*code, |tag| self.handed.get(&tag).map(|handed| handed.code_id.clone()));
            json!({"verificationCodeID": id, "code": self.guess(*code, *guess)})
        };
        let session = |session: &Ref| self.id(*session, |tag| self.handed.get(&tag)?.session_id.clone());
        let email = |email: &Ref| self.id(*email, |tag| self.emails.get(&tag).cloned());
        match request {
            Request::SignUp { tag, address: email, alias } => {
                let alias = alias.map_or(UNUSABLE.to_owned(), Typed::alias);
                let body = json!({"email": address(email), "fullName": full_name(*tag), "alias": alias});
                send(Method::POST, "/user").header("user-agent", agent(*tag)).json(&body)
            }
            Request::GetUser { user } => {
                let id = self.id(*user, |tag| self.users.get(&tag).cloned());
                send(Method::GET, &format!("/user/id/{id}"))
            }
            Request::SignIn { tag, address: email } => {
                let body = json!({"email": address(email)});
                send(Method::POST, "/session").header("user-agent", agent(*tag)).json(&body)
            }
            Request::VerifySession { code, guess } => {
                send(Method::PUT, "/session/verification").json(&proof(code, guess))
            }
            Request::CheckSession { bearer } => with(send(Method::GET, "/session"), bearer),
            Request::ExtendSession { bearer } => with(send(Method::PUT, "/session/extend"), bearer),
            Request::CloseSession { bearer, session: id } => {
                with(send(Method::DELETE, &format!("/session/{}", session(id))), bearer)
            }
            Request::ListSessions { bearer } => with(send(Method::GET, "/sessions"), bearer),
            Request::AddEmail { bearer, address: email, .. } => {
                with(send(Method::POST, "/email"), bearer).json(&json!({"address": address(email)}))
            }
            Request::ListEmails { bearer } => with(send(Method::GET, "/emails"), bearer),
            Request::VerifyEmail { bearer, code, guess } => {
                with(send(Method::PUT, "/email/verification"), bearer).json(&proof(code, guess))
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
        }
    }

    /// An ID. Where there is none of the kind, something else's, which must be as good as none.
    fn id(&self, id: Ref, of: impl Fn(Tag) -> Option<String>) -> String {
        let tag = match id {
            Ref::Malformed => return "no-id".to_owned(),
            Ref::Unknown => return Uuid::new_v4().to_string(),
            Ref::Of(tag) => tag,
        };
        let other = || self.handed.get(&tag).map(|handed| handed.code_id.clone());
        of(tag).or_else(other).unwrap_or_else(|| Uuid::new_v4().to_string())
    }

    pub(super) fn bearer(&self, tag: Tag) -> String {
        let handed = self.handed.get(&tag).and_then(|handed| handed.bearer.clone());
        handed.unwrap_or_else(|| "1".repeat(64))
    }

    fn guess(&self, code: Ref, guess: Guess) -> Value {
        let of = |tag| self.handed.get(&tag).and_then(|handed| handed.code.as_deref());
        let right = if let Ref::Of(tag) = code { of(tag) } else { None }.unwrap_or(NO_CODE);
        match guess {
            Guess::Right => right.into(),
            Guess::RightAsNumber => right.parse::<u64>().expect("digits").into(),
            Guess::Wrong => wrong(right).into(),
            Guess::Malformed => "123".into(),
            Guess::Of(tag) if Ref::Of(tag) == code => right.into(),
            // Once in a million two codes are the same.
            Guess::Of(tag) => of(tag).filter(|other| *other != right).map_or(wrong(right), str::to_owned).into(),
        }
    }

    fn compare(&self, answer: &Answer, expected: &Expected, request: &Request) {
        let refusal = match &expected.answer {
            Ok(told) => {
                assert_eq!(answer.status, if request.is_read() { 200 } else { 202 }, "{}", answer.body);
                assert_eq!(answer.body, self.body(told, answer, request));
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

    /// The body of a success; of what is handed out anew, only its form is known.
    fn body(&self, told: &Told, answer: &Answer, request: &Request) -> Value {
        let session_id = |tag: &Tag| self.handed[tag].session_id.clone().expect("a session has an ID");
        match told {
            Told::Acknowledged => json!({"message": "acknowledged"}),
            Told::Requested { session_ends: None } => {
                json!({"verificationCodeID": fresh(&answer.body, "verificationCodeID")})
            }
            Told::Requested { session_ends: Some(ends) } => {
                let bearer = answer.text("bearer");
                assert!(bearer.len() == 64 && bearer.bytes().all(|byte| byte.is_ascii_alphanumeric()));
                json!({
                    "bearer": bearer, "expireAt": ends, "ip": "127.0.0.1",
                    "userAgent": agent(request.tag().expect("a code was asked for")),
                    "sessionID": fresh(&answer.body, "sessionID"),
                    "verificationCodeID": fresh(&answer.body, "verificationCodeID"),
                })
            }
            Told::Session(session) => json!({
                "sessionID": session_id(&session.asked_by), "userID": self.users[&session.user],
                "alias": session.alias.alias(), "fullName": full_name(session.user), "expireAt": session.ends,
                "ip": "127.0.0.1", "userAgent": agent(session.asked_by), "verified": true, "roles": ["user"],
                "groups": ["public"],
            }),
            Told::Sessions { open, current } => {
                let listed = open.iter().map(|(tag, ends)| {
                    json!({
                        "sessionID": session_id(tag), "ip": "127.0.0.1", "userAgent": agent(*tag), "expireAt": ends,
                        "current": tag == current,
                    })
                });
                json!({"sessions": listed.collect::<Vec<_>>()})
            }
            Told::Emails(emails) => {
                let listed = emails.iter().map(|email| {
                    json!({
                        "emailID": self.emails[&email.email], "address": email.address.address(),
                        "verified": email.verified, "preferred": email.preferred,
                    })
                });
                json!({"emails": listed.collect::<Vec<_>>()})
            }
            Told::User { alias } => json!({"alias": alias.alias()}),
        }
    }

    /// Just these mails were sent, each to one address.
    async fn read_mails(&mut self, tag: Option<Tag>, expected: &Expected) {
        let mails = self.product.mails().await;
        let new = &mails[self.read..];
        let mut mailed: Vec<_> = new.iter().map(|mail| (Letter::of(mail), mail.to.join(", "))).collect();
        let mut wanted = expected.mails.clone();
        mailed.sort();
        wanted.sort();
        assert_eq!(mailed, wanted, "mails");
        let code = new.iter().find_map(code_in);
        assert_eq!(code.as_ref().map(String::len), expected.digits, "digits");
        if let (Some(tag), Some(code)) = (tag, code) {
            self.handed.entry(tag).or_default().code = Some(code);
        }
        self.read = mails.len();
    }
}

/// As a client calls himself; every session is asked for by another one.
fn agent(tag: Tag) -> String {
    format!("model/{tag}")
}

fn full_name(tag: Tag) -> String {
    format!("Person {tag}")
}

/// A UUID.
fn fresh(body: &Value, name: &str) -> String {
    let id = body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}"));
    Uuid::parse_str(id).expect("a UUID");
    id.to_owned()
}

//! The client's knowledge from responses, and checks of the table.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;

use super::{
    product::Running,
    requests::{Bearer, Guess, Ref, Request, Step, Tag},
    world::{Purpose, World},
};
use crate::support::{Answer, Item, KeyPair};

impl Running {
    /// Records what a response issued, and looks up the IDs of what the request created.
    pub(super) async fn learn(&mut self, answer: &Answer, request: &Request, world: &World) {
        if let Some(tag) = request.tag() {
            let text = |name: &str| answer.body[name].as_str().map(str::to_owned);
            let issued = self.issued.entry(tag).or_default();
            issued.code_id = answer.text("verificationCodeID");
            (issued.bearer, issued.session_id) = (text("bearer"), text("sessionID"));
            issued.key_pair = text("apiKey").map(|_| KeyPair::of(answer));
        }
        match *request {
            Request::VerifySession { code: Ref::Of(tag), .. } if world.accounts.contains_key(&tag) => {
                let bearer = self.bearer(tag);
                let session = self.product.session(&bearer).await.expect(200);
                self.users.insert(tag, session.text("userID"));
                self.learn_email(tag, &bearer).await;
            }
            Request::AddEmail { tag, bearer: Bearer::Of(session), .. } => {
                let code = world.codes.get(&tag).map(|code| code.purpose);
                if matches!(code, Some(Purpose::AddEmail { email, .. }) if email == tag) {
                    self.learn_email(tag, &self.bearer(session)).await;
                }
            }
            _ => {}
        }
    }

    /// Looks up the ID of the address that was created.
    async fn learn_email(&mut self, tag: Tag, bearer: &str) {
        let answer = self.product.call_as(bearer, Method::GET, "/emails", None).await.expect(200);
        let listed = answer.body["emails"].as_array().expect("emails").iter();
        let ids = listed.map(|email| email["emailID"].as_str().expect("an ID").to_owned());
        let mut new = ids.filter(|id| !self.emails.values().any(|known| known == id));
        let (first, more) = (new.next().expect("a new address"), new.next());
        assert_eq!(more, None, "exactly one address was created");
        self.emails.insert(tag, first);
    }

    /// Checks the invariants of the table, and that a request which must not write wrote nothing.
    /// Not called after every read: anything that a read wrote would still be there the next time.
    pub(super) async fn check_table(&mut self, may_write: bool) {
        let items = self.product.items().await;
        self.product.check_items(&items);
        let now = self.product.stack.clock().now().seconds();
        let lives = |item: &Value| item["expiresAt"].as_i64().is_none_or(|end| end > now);
        let written: BTreeMap<_, _> = items.iter().filter_map(comparable).filter(|(_, item)| lives(item)).collect();
        let mut before = std::mem::replace(&mut self.table, written);
        before.retain(|_, item| lives(item));
        if !may_write {
            assert_eq!(self.table, before, "what is stored, after a request that must not change it");
        }
    }

    /// Compares all accounts and sessions of the model with the product at the end.
    pub(super) async fn compare_all(&mut self, world: World) {
        let issued = self.issued.iter().filter(|(_, issued)| issued.bearer.is_some());
        let mut requests: Vec<_> = issued.map(|(tag, _)| Request::CheckSession { bearer: Bearer::Of(*tag) }).collect();
        requests.extend(world.key_pairs.keys().map(|tag| Request::CheckKeyPair { key_pair: Ref::Of(*tag) }));
        for (user, account) in &world.accounts {
            let session = world.active_sessions(*user).first().copied().unwrap_or_else(|| {
                // Without an active session, the user signs in, if allowed.
                let (tag, address) = (world.next_tag + user, Some(account.preferred().address));
                let code = Ref::Of(tag);
                requests.push(Request::SignIn { tag, address });
                requests.push(Request::VerifySession { code, guess: Guess::Right });
                tag
            });
            let bearer = Bearer::Of(session);
            requests.push(Request::ListEmails { bearer });
            requests.push(Request::ListSessions { bearer });
            requests.push(Request::ListKeyPairs { bearer });
            requests.push(Request::GetUser { user: Ref::Of(*user) });
        }
        let steps: Vec<_> = requests.into_iter().map(Step::Ask).collect();
        self.follow_all(&steps, world).await;
        self.check_table(false).await;
    }
}

/// Returns an item without what a refused request may change: counts of attempts, emails and
/// requests.
fn comparable(item: &Item) -> Option<(String, Value)> {
    let mut comparable = item.json();
    comparable.as_object_mut()?.remove("tries");
    let key = format!("{} {}", item.text("pk"), item.text("sk"));
    (!key.starts_with("RATE_LIMIT#")).then_some((key, comparable))
}

//! The model's rules for key pairs.

use super::{
    answers::{ListedKeyPair, Refusal, Success},
    requests::{Bearer, Failing, Guess, Ref, Tag},
    world::{Outcome, Purpose, Scope, World},
};
use crate::support::EmailKind;

const DAY: i64 = 24 * 3600;

/// A key pair, named by the tag of its code.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyPair {
    pub(super) user: Tag,
    pub(super) verified: bool,
    /// When it ends if it is not verified.
    pub(super) code_ends: i64,
    /// When it ends once it is verified.
    pub(super) ends: i64,
}

impl KeyPair {
    pub(super) fn exists(self, now: i64) -> bool {
        now < if self.verified { self.ends } else { self.code_ends }
    }
}

impl World {
    /// Returns the key pairs of a user that have not ended, newest first.
    pub(super) fn key_pairs_of(&self, user: Tag) -> Vec<Tag> {
        let own = self.key_pairs.iter().rev().filter(|(_, own)| own.user == user && own.exists(self.now));
        own.map(|(tag, _)| *tag).collect()
    }

    /// Every key pair is created for one day.
    pub(super) fn create_key_pair(&mut self, tag: Tag, bearer: Bearer, is_valid: bool) -> Outcome {
        let session = self.authenticate(bearer)?;
        self.require_fresh(session)?;
        if !is_valid {
            return Err(Refusal::Invalid(vec!["name", "days"]));
        }
        self.call(Failing::Query)?;
        self.source.count_request(self.now, &self.rules)?;
        let user = self.sessions[&session].user;
        if self.key_pairs_of(user).len() >= self.rules.key_pairs_per_user {
            return Err(Refusal::Forbidden);
        }
        let address = self.accounts[&user].preferred().address;
        self.mailboxes[address.which].check_rate_limit(self.now, &self.rules)?;
        self.call(Failing::TransactWriteItems)?;
        self.request_code(tag, Purpose::KeyPair { user }, address);
        let (code_ends, ends) = (self.now + self.rules.code_lifetime, self.now + DAY);
        self.key_pairs.insert(tag, KeyPair { user, verified: false, code_ends, ends });
        Ok(Success::CreatedKeyPair { ends })
    }

    pub(super) fn verify_key_pair(&mut self, bearer: Bearer, code: Ref, guess: Guess) -> Outcome {
        let (tag, code, user) = self.redeem_as(bearer, code, guess, Scope::KeyPair)?;
        self.call(Failing::Query)?;
        if !self.key_pairs.contains_key(&tag) {
            return Err(Refusal::CodeRefused);
        }
        self.check_changes(user)?;
        self.call(Failing::TransactWriteItems)?;
        if self.owner(code.address).is_none_or(|(owner, _)| owner != user) {
            return Err(Refusal::CodeRefused);
        }
        self.key_pairs.get_mut(&tag).expect("it exists").verified = true;
        self.accounts.get_mut(&user).expect("an account stays").changes.push(self.now);
        self.codes.remove(&tag);
        self.notify_preferred(user, EmailKind::KeyPairVerified);
        Ok(Success::Acknowledged)
    }

    pub(super) fn check_key_pair(&mut self, key_pair: Ref) -> Outcome {
        let Ok(tag) = key_pair.read("") else { return Err(Refusal::Unauthenticated) };
        self.call(Failing::GetItem)?;
        let active = tag.and_then(|tag| Some((tag, *self.key_pairs.get(&tag)?)));
        let active = active.filter(|(_, key_pair)| key_pair.verified && key_pair.exists(self.now));
        let (tag, KeyPair { user, ends, .. }) = active.ok_or(Refusal::Unauthenticated)?;
        let listed = ListedKeyPair { key_pair: tag, ends, verified: true };
        Ok(Success::KeyPair { listed, user, alias: self.accounts[&user].alias })
    }

    pub(super) fn list_key_pairs(&mut self, bearer: Bearer) -> Outcome {
        let session = self.authenticate(bearer)?;
        self.call(Failing::Query)?;
        let listed = self.key_pairs_of(self.sessions[&session].user).into_iter().map(|key_pair| {
            let KeyPair { ends, verified, .. } = self.key_pairs[&key_pair];
            ListedKeyPair { key_pair, ends, verified }
        });
        Ok(Success::KeyPairs(listed.collect()))
    }

    pub(super) fn delete_key_pair(&mut self, bearer: Bearer, key_pair: Ref) -> Outcome {
        let session = self.authenticate(bearer)?;
        let key_pair = key_pair.read("id")?;
        self.call(Failing::GetItem)?;
        let own = self.key_pairs_of(self.sessions[&session].user);
        let key_pair = key_pair.filter(|key_pair| own.contains(key_pair)).ok_or(Refusal::NotFound)?;
        self.call(Failing::TransactWriteItems)?;
        self.key_pairs.remove(&key_pair);
        Ok(Success::Acknowledged)
    }
}

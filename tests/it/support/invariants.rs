//! The invariants of the table, which hold at any time.

use std::collections::{BTreeMap, BTreeSet};

use super::{Contents, Item, Product};

impl Product {
    /// Scans the table and checks all invariants.
    pub(crate) async fn check_invariants(&self) {
        self.check_items(&self.items().await);
    }

    /// Checks the invariants of the table at an earlier time.
    pub(crate) fn check_invariants_of(&self, contents: &Contents) {
        self.check_items(&contents.items());
    }

    /// Checks the invariants of a table that was scanned already.
    pub(crate) fn check_items(&self, items: &[Item]) {
        let now = self.stack.clock().now().seconds();
        let limits = Limits {
            guesses_per_code: self.number("GuessesPerCode", 5),
            mails_per_day: self.number("MailsPerDay", 20),
            emails_per_user: self.number("EmailsPerUser", 10),
            sessions_per_user: self.number("SessionsPerUser", 50),
            key_pairs_per_user: self.number("KeyPairsPerUser", 10),
            code_lifetime: self.number("CodeLifetimeSeconds", 600),
            session_maximum: self.number("SessionMaximumSeconds", 30 * 24 * 3600),
        };
        let table = Table { items, now, limits };
        table.every_verified_address_has_one_owner_and_every_owner_the_address();
        table.every_alias_has_one_user_and_every_user_one_alias();
        table.every_user_prefers_a_verified_address_of_their_own();
        table.every_session_has_its_entry_and_its_end();
        table.every_active_session_and_key_pair_has_the_profile_of_its_user();
        table.a_deleted_account_has_no_session_and_expires_as_a_whole();
        table.every_key_pair_has_its_entry_and_its_end();
        table.guesses_emails_and_caps_are_within_their_limits();
        table.every_lease_has_one_holder();
        table.every_code_has_a_nonce_of_its_own();
        table.everything_that_expires_has_a_ttl_in_seconds();
        table.no_item_is_of_an_unknown_kind();
    }
}

struct Table<'a> {
    items: &'a [Item],
    now: i64,
    limits: Limits,
}

/// The limits of this product.
struct Limits {
    guesses_per_code: usize,
    mails_per_day: usize,
    emails_per_user: usize,
    sessions_per_user: usize,
    key_pairs_per_user: usize,
    code_lifetime: usize,
    session_maximum: usize,
}

/// Converts a stored count. A missing or negative one becomes a number that exceeds every limit.
fn count(number: Option<i64>) -> usize {
    number.and_then(|number| usize::try_from(number).ok()).unwrap_or(usize::MAX)
}

impl<'a> Table<'a> {
    /// Returns the items whose keys have these prefixes. What has expired with a deleted account is
    /// as good as deleted, and may belong to another account by now.
    fn of(&self, pk: &'static str, sk: &'static str) -> impl Iterator<Item = &'a Item> {
        self.existing().filter(move |item| item.text("pk").starts_with(pk) && item.text("sk").starts_with(sk))
    }

    fn existing(&self) -> impl Iterator<Item = &'a Item> {
        let of_account = |item: &Item| {
            ["ADDRESS", "ALIAS", "USER"].contains(&item.text("sk")) || item.text("sk").starts_with("EMAIL#")
        };
        let is_gone =
            move |item: &Item, now| of_account(item) && item.number("expiresAt").is_some_and(|end| end <= now);
        let now = self.now;
        self.items.iter().filter(move |item| !is_gone(item, now))
    }

    fn find(&self, pk: &str, sk: &str) -> Option<&'a Item> {
        self.existing().find(|item| item.text("pk") == pk && item.text("sk") == sk)
    }

    /// An owner item exists exactly while its email is verified, or for a while after it was
    /// removed.
    fn every_verified_address_has_one_owner_and_every_owner_the_address(&self) {
        let mut owned = BTreeSet::new();
        for owner in self.of("ADDRESS#", "ADDRESS") {
            let (user, email) = (owner.text("userID"), owner.text("emailID"));
            let entry = self.find(&format!("USER#{user}"), &format!("EMAIL#{email}"));
            if owner.is_true("accountDeleted") {
                let entry = entry.unwrap_or_else(|| panic!("an owner item without its email: {owner:?}"));
                assert!(entry.has("verifiedAt") && entry.has("expiresAt"), "{owner:?}");
                assert_eq!(owner.number("expiresAt"), entry.number("expiresAt"));
                owned.insert((user, email));
                continue;
            }
            if owner.has("removedAt") {
                assert!(entry.is_none() && owner.number("expiresAt") > owner.number("removedAt"), "{owner:?}");
                continue;
            }
            let entry = entry.unwrap_or_else(|| panic!("an owner item without its email: {owner:?}"));
            assert!(
                entry.has("verifiedAt") && !owner.has("expiresAt"),
                "an owner item of an unverified email: {owner:?}"
            );
            let canonical = owner.text("pk").trim_start_matches("ADDRESS#");
            assert_eq!(entry.text("address").to_lowercase(), canonical);
            owned.insert((user, email));
        }
        for email in self.of("USER#", "EMAIL#").filter(|email| email.has("verifiedAt")) {
            let user = email.text("pk").trim_start_matches("USER#");
            assert!(owned.contains(&(user, email.text("emailID"))), "verified, but without an owner item: {email:?}");
        }
    }

    fn every_alias_has_one_user_and_every_user_one_alias(&self) {
        let mut owned = BTreeMap::new();
        for owner in self.of("ALIAS#", "ALIAS") {
            if owner.has("userID") {
                assert!(!owner.has("pendingFor"), "owned and pending: {owner:?}");
                assert!(owned.insert(owner.text("userID"), owner).is_none(), "two aliases of one user");
            } else {
                assert!(owner.has("expiresAt") && owner.has("pendingFor"), "neither owned nor pending: {owner:?}");
            }
        }
        let users: BTreeSet<_> = self.of("USER#", "USER").map(|user| user.text("userID")).collect();
        assert_eq!(users, owned.keys().copied().collect(), "users and owned aliases");
        for user in self.of("USER#", "USER") {
            assert_eq!(owned[user.text("userID")].number("expiresAt"), user.number("expiresAt"), "{user:?}");
        }
    }

    /// Everything of a deleted account expires with it, and nothing authenticates.
    fn a_deleted_account_has_no_session_and_expires_as_a_whole(&self) {
        for user in self.of("USER#", "USER") {
            assert_eq!(user.has("deletedAt"), user.has("expiresAt"), "{user:?}");
            let of_user = |sk| self.of("USER#", sk).filter(|item| item.text("pk") == user.text("pk"));
            for email in of_user("EMAIL#") {
                assert_eq!(email.number("expiresAt"), user.number("expiresAt"), "{email:?}");
            }
            if user.has("deletedAt") {
                let mut entries = of_user("SESSION#").chain(of_user("KEY#"));
                assert!(entries.all(|entry| entry.number("expiresAt") <= Some(self.now)), "{user:?}");
            }
        }
    }

    /// A check of a session or a key pair needs no other item.
    fn every_active_session_and_key_pair_has_the_profile_of_its_user(&self) {
        let all = self.of("SESSION#", "SESSION").chain(self.of("KEY#", "KEY"));
        for session in all.filter(|session| session.number("expiresAt") > Some(self.now)) {
            let user = self.find(&format!("USER#{}", session.text("userID")), "USER");
            let user = user.unwrap_or_else(|| panic!("a session without its user: {session:?}"));
            for name in ["alias", "fullName"] {
                assert_eq!(session.text(name), user.text(name), "{session:?}");
            }
            for name in ["roles", "groups"] {
                assert_eq!(session.list(name), user.list(name), "{session:?}");
            }
        }
    }

    fn every_user_prefers_a_verified_address_of_their_own(&self) {
        for user in self.of("USER#", "USER") {
            let preferred = self.find(user.text("pk"), &format!("EMAIL#{}", user.text("preferredEmailID")));
            assert!(preferred.is_some_and(|email| email.has("verifiedAt")), "prefers no verified address: {user:?}");
        }
        let lives = |item: &&Item| item.number("expiresAt").is_none_or(|end| end > self.now);
        for item in self.of("USER#", "").filter(|item| item.text("sk") != "USER").filter(lives) {
            assert!(self.find(item.text("pk"), "USER").is_some(), "an item without its user: {item:?}");
        }
    }

    /// A session has two items with the same end, which is never beyond the maximum.
    fn every_session_has_its_entry_and_its_end(&self) {
        let mut sessions = BTreeSet::new();
        for session in self.of("SESSION#", "SESSION") {
            let entry_key =
                (format!("USER#{}", session.text("userID")), format!("SESSION#{}", session.text("sessionID")));
            let end = session.number("expiresAt").expect("an end");
            let entry = self.find(&entry_key.0, &entry_key.1);
            match entry {
                Some(entry) => {
                    assert_eq!(session.text("pk"), format!("SESSION#{}", entry.text("tokenHash")));
                    assert_eq!(entry.number("expiresAt"), Some(end), "{session:?}");
                }
                // TTL deletes the two items one after the other.
                None => assert!(end <= self.now, "an active session without its entry: {session:?}"),
            }
            assert!(end <= session.number("notAfter").expect("a maximum"), "{session:?}");
            let longest = count(session.number("createdAt")).saturating_add(self.limits.session_maximum);
            assert!(count(session.number("notAfter")) <= longest, "{session:?}");
            sessions.insert(entry_key);
        }
        for entry in self.of("USER#", "SESSION#").filter(|entry| entry.number("expiresAt") > Some(self.now)) {
            let key = (entry.text("pk").to_owned(), entry.text("sk").to_owned());
            assert!(sessions.contains(&key), "an entry without its session: {entry:?}");
        }
    }

    /// A key pair has two items that agree. One that is not verified ends with its code.
    fn every_key_pair_has_its_entry_and_its_end(&self) {
        for key_pair in self.of("KEY#", "KEY") {
            let (user, id) = (key_pair.text("userID"), key_pair.text("keyID"));
            assert_eq!(key_pair.text("pk"), format!("KEY#{}", key_pair.text("apiKey")));
            let ends = ["createdAt", "verifiedAt", "expiresAt", "keyExpiresAt"].map(|end| key_pair.number(end));
            let [created, verified, end, end_of_key] = ends.map(count);
            if key_pair.has("verifiedAt") {
                assert!(end == end_of_key && verified >= created, "{key_pair:?}");
            } else {
                assert!(end < end_of_key && end <= created.saturating_add(self.limits.code_lifetime), "{key_pair:?}");
            }
            assert!(end_of_key <= created.saturating_add(365 * 24 * 3600), "{key_pair:?}");
            match self.find(&format!("USER#{user}"), &format!("KEY#{id}")) {
                Some(entry) => {
                    let of_entry = ["createdAt", "verifiedAt", "expiresAt", "keyExpiresAt"];
                    assert_eq!(of_entry.map(|end| entry.number(end)), ends, "{key_pair:?}");
                    assert_eq!(
                        ["apiKey", "name"].map(|name| entry.text(name)),
                        ["apiKey", "name"].map(|name| key_pair.text(name))
                    );
                }
                // TTL deletes the two items one after the other.
                None => assert!(end <= count(Some(self.now)), "a key pair without its entry: {key_pair:?}"),
            }
        }
        for entry in self.of("USER#", "KEY#").filter(|entry| entry.number("expiresAt") > Some(self.now)) {
            let key = format!("KEY#{}", entry.text("apiKey"));
            assert!(self.find(&key, "KEY").is_some(), "an entry without its key pair: {entry:?}");
        }
    }

    fn guesses_emails_and_caps_are_within_their_limits(&self) {
        for code in self.of("CODE#", "CODE") {
            assert!(count(code.number("tries")) <= self.limits.guesses_per_code, "{code:?}");
        }
        for rate_limit in self.of("RATE_LIMIT#", "RATE_LIMIT") {
            assert!(rate_limit.list("sent").len() <= self.limits.mails_per_day, "{rate_limit:?}");
        }
        for user in self.of("USER#", "USER") {
            let of_user = |sk| self.of("USER#", sk).filter(|item| item.text("pk") == user.text("pk"));
            // A recovery restores an address even if its place was taken.
            let recovered = of_user("EMAIL#").filter(|email| email.is_true("recovered")).count();
            assert!(of_user("EMAIL#").count() <= self.limits.emails_per_user + recovered, "{user:?}");
            // A recovery ends every session that was opened before it.
            let recovered_in = user.number_in("lastRecovery", "version");
            assert!(of_user("SESSION#").all(|entry| entry.number("sequence") >= recovered_in), "{user:?}");
            let open = of_user("SESSION#").filter(|entry| entry.number("expiresAt") > Some(self.now));
            assert!(open.count() <= self.limits.sessions_per_user, "{user:?}");
            let key_pairs = of_user("KEY#").filter(|entry| entry.number("expiresAt") > Some(self.now));
            let key_pairs: Vec<_> = key_pairs.collect();
            assert!(key_pairs.len() <= self.limits.key_pairs_per_user, "{user:?}");
            assert!(key_pairs.iter().all(|entry| entry.number("sequence") >= recovered_in), "{user:?}");
            let addresses: BTreeSet<_> = of_user("EMAIL#").map(|email| email.text("address").to_lowercase()).collect();
            assert_eq!(addresses.len(), of_user("EMAIL#").count(), "an address twice: {user:?}");
        }
    }

    /// The holder is one of at most three attempts that may have sent the email.
    fn every_lease_has_one_holder(&self) {
        for item in self.of("CODE#", "").chain(self.of("NOTICE#", "")) {
            assert_eq!(item.has("leasedUntil"), item.has("leaseHolder"), "{item:?}");
            let senders = item.set("senders");
            assert!(senders.len() <= 3, "{item:?}");
            assert!(!item.has("leaseHolder") || senders.contains(&item.text("leaseHolder").to_owned()), "{item:?}");
            assert!(!item.has("mailedAt") || !item.has("leaseHolder") && senders.is_empty(), "{item:?}");
        }
    }

    /// Otherwise, codes could be derived with the key alone.
    fn every_code_has_a_nonce_of_its_own(&self) {
        let mut seeds = BTreeSet::new();
        for code in self.of("CODE#", "") {
            let seed = code.text("nonce");
            let is_whole = seed.len() == 32 && seed.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_whole, "not 128 bits in hexadecimal: {code:?}");
            // In events/, it is all zeros.
            let is_an_example = seed.bytes().all(|digit| digit == b'0');
            assert!(is_an_example || seeds.insert(seed), "the nonce of another code: {code:?}");
        }
    }

    fn everything_that_expires_has_a_ttl_in_seconds(&self) {
        let ends = |item: &&Item| {
            let kind = item.text("pk").split('#').next().unwrap_or_default();
            let of_user = ["KEY#", "SESSION#"].iter().any(|prefix| item.text("sk").starts_with(prefix));
            matches!(kind, "CODE" | "KEY" | "SESSION" | "RATE_LIMIT" | "NOTICE") || of_user
        };
        for item in self.items.iter().filter(ends) {
            let end = item.number("expiresAt").unwrap_or_else(|| panic!("no TTL: {item:?}"));
            assert!((self.now - end).abs() < 366 * 24 * 3600, "not in seconds: {item:?}");
        }
    }

    fn no_item_is_of_an_unknown_kind(&self) {
        let kinds =
            ["USER#", "ADDRESS#", "ALIAS#", "CODE#", "KEY#", "SESSION#", "RATE_LIMIT#", "NOTICE#", "SUPPRESSION#"];
        for item in self.items {
            assert!(kinds.iter().any(|kind| item.text("pk").starts_with(kind)), "{item:?}");
        }
    }
}

//! Compares docs/data-model.md with the actual items and calls, in both directions.

mod calls;

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{
    Fault, Item, Product, Proxy, Requested, Settings,
    markdown::{code, headings, section, table},
    product_with, wrong,
};

const PAGE: &str = include_str!("../../docs/data-model.md");

/// A kind of item, as documented on the page.
struct Kind {
    name: &'static str,
    pk: Pattern,
    sk: Pattern,
    attributes: BTreeMap<String, Attribute>,
}

/// A key pattern such as `USER#<userID>`: a prefix, optionally followed by the value of an
/// attribute.
struct Pattern {
    prefix: &'static str,
    variable: Option<&'static str>,
}

struct Attribute {
    of_type: String,
    always: bool,
    description: String,
}

fn kinds() -> Vec<Kind> {
    let items = section(PAGE, "## Items");
    let kind = |name| {
        let text = section(items, &format!("### {name}"));
        let key = text.lines().find_map(|line| line.strip_prefix("Key: ")).expect("a key");
        let [pk, sk] = code(key)[..2] else { unreachable!("a key has two parts") };
        let rows = table(text, "| attribute | type | when |");
        let attributes = rows.into_iter().map(|row| {
            let [name, of_type, when, description] = row.try_into().expect("four cells");
            (name.trim_matches('`').to_owned(), Attribute { of_type, always: when == "always", description })
        });
        Kind { name, pk: Pattern::read(pk), sk: Pattern::read(sk), attributes: attributes.collect() }
    };
    headings(items, "###").into_iter().map(kind).collect()
}

impl Pattern {
    fn read(text: &'static str) -> Self {
        let (prefix, variable) = text.split_once('<').unwrap_or((text, ""));
        Self { prefix, variable: variable.strip_suffix('>') }
    }

    /// Returns the rest of a key after the prefix, if the key matches the pattern.
    fn rest<'a>(&self, key: &'a str) -> Option<&'a str> {
        key.strip_prefix(self.prefix).filter(|rest| rest.is_empty() == self.variable.is_none())
    }
}

impl Kind {
    fn matches(&self, pk: &str, sk: &str) -> bool {
        self.pk.rest(pk).is_some() && self.sk.rest(sk).is_some()
    }

    /// Checks that an attribute in the key is equal to the item's own attribute, if there is one.
    fn check_key(&self, item: &Item) {
        for (pattern, key) in [(&self.pk, item.text("pk")), (&self.sk, item.text("sk"))] {
            if let Some(variable) = pattern.variable.filter(|variable| item.has(variable)) {
                let rest = pattern.rest(key).unwrap_or_default();
                assert!(rest.eq_ignore_ascii_case(item.text(variable)), "{}: {key} and {variable}", self.name);
            }
        }
    }

    /// Checks that the items of this kind have exactly the documented attributes.
    fn check_attributes(&self, items: &[&Item]) {
        let name = self.name;
        assert!(!items.is_empty(), "{name}: on the page but not in the table");
        let mut seen: BTreeMap<&str, (usize, BTreeSet<String>)> = BTreeMap::new();
        for item in items {
            for (attribute, of_type) in item.types().into_iter().filter(|(name, _)| !matches!(*name, "pk" | "sk")) {
                let documented = self.attributes.get(attribute);
                let documented = documented.unwrap_or_else(|| panic!("{name}: {attribute} is not on the page"));
                // An empty list has no element type.
                let fits = documented.of_type == of_type || of_type == "L" && documented.of_type.starts_with("L of");
                assert!(fits, "{name}: {attribute} is {of_type}, not {}", documented.of_type);
                let (count, types) = seen.entry(attribute).or_default();
                *count += 1;
                types.insert(of_type);
            }
        }
        for (attribute, documented) in &self.attributes {
            let (count, types) = seen.get(attribute.as_str()).cloned().unwrap_or_default();
            assert!(types.contains(&documented.of_type), "{name}: {attribute} is on the page but not in the table");
            assert_eq!(count == items.len(), documented.always, "{name}: whether {attribute} is always present");
        }
    }

    /// Checks that the values of an attribute are exactly the documented ones.
    fn check_values(&self, attribute: &str, items: &[&Item]) {
        let documented: BTreeSet<_> = code(&self.attributes[attribute].description).into_iter().collect();
        let seen: BTreeSet<_> = items.iter().map(|item| item.text(attribute)).collect();
        assert_eq!(seen, documented, "{}: {attribute}", self.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_item_matches_the_page_on_the_data_model() {
    let ses = Proxy::start().await;
    let variables = vec![("AWS_ENDPOINT_URL_SESV2", ses.url().to_owned())];
    let settings = Settings { variables, ..Settings::with_mail_for_all() }.and("MailsPerSourceIpPerHour", "1000");
    product_with(settings, async |product| {
        ses.lead_to_ses(product);
        let mut items = write_every_kind(product, &ses).await;
        items.extend(product.items().await);
        let kinds = kinds();
        let mut by_kind: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for item in &items {
            let of: Vec<_> = kinds.iter().filter(|kind| kind.matches(item.text("pk"), item.text("sk"))).collect();
            let [kind] = of[..] else { panic!("{} kinds on the page match the key of {item:?}", of.len()) };
            kind.check_key(item);
            by_kind.entry(kind.name).or_default().push(item);
        }
        for kind in &kinds {
            let items = by_kind.remove(kind.name).unwrap_or_default();
            kind.check_attributes(&items);
            for attribute in
                ["purpose", "event", "reason"].into_iter().filter(|name| kind.attributes.contains_key(*name))
            {
                kind.check_values(attribute, &items);
            }
        }
    })
    .await;
}

/// Does everything that writes to the table, and returns the items of the intermediate states.
async fn write_every_kind(product: &Product, ses: &Proxy) -> Vec<Item> {
    let mut intermediate = Vec::new();
    // A sign-up whose email is delayed, and which is never verified.
    ses.decide(|_| Some(Fault::Held));
    product.ask_to_sign_up("jane@doe.net", "jane").await.expect(202);
    ses.silence().await;
    intermediate.extend(product.items().await);
    ses.mend();

    let john = product.sign_up("John@doe.net", "johny").await;
    // An email without a code, because there is no account.
    product.ask_to_sign_in("unknown@doe.net").await.expect(202);
    // An email that bounces, and one that causes a complaint.
    for suppressed in ["bounce@simulator.amazonses.com", "complaint@simulator.amazonses.com"] {
        product.ask_to_sign_in(suppressed).await.expect(202);
    }
    product.stack.delivered().await;
    // A suppressed address gets no reply.
    product.ask_to_sign_in("bounce@simulator.amazonses.com").await.expect(202);
    // A pending sign-in with a wrong guess.
    let sign_in = Requested::of(&product.ask_to_sign_in("john@doe.net").await.expect(202));
    let code = product.newest_code("john@doe.net").await;
    product.verify_session(&sign_in.id, &wrong(&code)).await.refused(401, "code");
    // A verified address whose notice is delayed, and an unverified one.
    let id = product.ask_to_add(&john, "john@work.example").await.expect(202).text("verificationCodeID");
    let code = product.newest_code("john@work.example").await;
    ses.decide(|_| Some(Fault::Held));
    product.verify_email(&id, &code).await.acknowledged();
    ses.silence().await;
    intermediate.extend(product.items().await);
    ses.mend();
    product.ask_to_add(&john, "john@home.example").await.expect(202);
    // The remaining notices.
    let work = product.email_id(&john, "john@work.example").await;
    let first = product.email_id(&john, "John@doe.net").await;
    product.prefer(&john, &work).await.acknowledged();
    product.sign_in_through(&john, "john@doe.net").await;
    product.ask_to_reauthenticate(&john.bearer).await.expect(202);
    // A key pair that is verified, and one that is not. The recovery ends both.
    let (key_pair, code) = product.key_pair_code(&john, "john@work.example").await;
    product.verify_key_pair(&key_pair.code_id, &code).await.acknowledged();
    product.ask_for_key_pair(&john, "Nightly backup").await.expect(202);
    product.delete_email(&john, &first).await.acknowledged();
    product.stack.delivered().await;
    intermediate.extend(product.items().await);
    // The removed address recovers the account.
    product.ask_to_sign_in("john@doe.net").await.expect(202);
    intermediate.extend(product.items().await);
    let john = product.sign_in_of("John@doe.net", "johny").await;
    product.stack.delivered().await;
    // A deleted account, which a sign-in restores.
    product.delete_user(&john).await.acknowledged();
    product.ask_to_sign_in("john@doe.net").await.expect(202);
    product.stack.delivered().await;
    intermediate.extend(product.items().await);
    product.sign_in_of("John@doe.net", "johny").await;
    product.stack.delivered().await;
    intermediate
}

//! docs/data-model.md and what happens to the table: the same, both ways.

mod calls;

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{
    Fault, Item, Product, Proxy, Requested, Settings,
    markdown::{code, headings, section, table},
    product_with, wrong,
};

const PAGE: &str = include_str!("../../docs/data-model.md");

/// A kind of item, as the page has it.
struct Kind {
    name: &'static str,
    pk: Pattern,
    sk: Pattern,
    attributes: BTreeMap<String, Attribute>,
}

/// `USER#<userID>`: a beginning, and the attribute that follows, if any does.
struct Pattern {
    begins: &'static str,
    variable: Option<&'static str>,
}

struct Attribute {
    of_type: String,
    always: bool,
    /// What is said of it.
    text: String,
}

fn kinds() -> Vec<Kind> {
    let items = section(PAGE, "## Items");
    let kind = |name| {
        let text = section(items, &format!("### {name}"));
        let key = text.lines().find_map(|line| line.strip_prefix("Key: ")).expect("a key");
        let [pk, sk] = code(key)[..2] else { unreachable!("two of them") };
        let rows = table(text, "| attribute | type | when |");
        let attributes = rows.into_iter().map(|row| {
            let [name, of_type, when, text] = row.try_into().expect("four cells");
            (name.trim_matches('`').to_owned(), Attribute { of_type, always: when == "always", text })
        });
        Kind { name, pk: Pattern::read(pk), sk: Pattern::read(sk), attributes: attributes.collect() }
    };
    headings(items, "###").into_iter().map(kind).collect()
}

impl Pattern {
    fn read(text: &'static str) -> Self {
        let (begins, variable) = text.split_once('<').unwrap_or((text, ""));
        Self { begins, variable: variable.strip_suffix('>') }
    }

    /// What follows the beginning, in a key that is like this.
    fn rest<'a>(&self, key: &'a str) -> Option<&'a str> {
        key.strip_prefix(self.begins).filter(|rest| rest.is_empty() == self.variable.is_none())
    }
}

impl Kind {
    fn has(&self, pk: &str, sk: &str) -> bool {
        self.pk.rest(pk).is_some() && self.sk.rest(sk).is_some()
    }

    /// Where a key holds an attribute that the item has too, they agree.
    fn check_key(&self, item: &Item) {
        for (pattern, key) in [(&self.pk, item.text("pk")), (&self.sk, item.text("sk"))] {
            if let Some(variable) = pattern.variable.filter(|variable| item.has(variable)) {
                let rest = pattern.rest(key).unwrap_or_default();
                assert!(rest.eq_ignore_ascii_case(item.text(variable)), "{}: {key} and {variable}", self.name);
            }
        }
    }

    /// The items of this kind have what the page says, all of it, and nothing else.
    fn check_attributes(&self, items: &[&Item]) {
        let name = self.name;
        assert!(!items.is_empty(), "{name}: on the page, but not in the table");
        let mut seen: BTreeMap<&str, (usize, BTreeSet<String>)> = BTreeMap::new();
        for item in items {
            for (attribute, of_type) in item.types().into_iter().filter(|(name, _)| !matches!(*name, "pk" | "sk")) {
                let documented = self.attributes.get(attribute);
                let documented = documented.unwrap_or_else(|| panic!("{name}: {attribute} is not on the page"));
                // A list that is empty has elements of any type.
                let fits = documented.of_type == of_type || of_type == "L" && documented.of_type.starts_with("L of");
                assert!(fits, "{name}: {attribute} is {of_type}, not {}", documented.of_type);
                let (count, types) = seen.entry(attribute).or_default();
                *count += 1;
                types.insert(of_type);
            }
        }
        for (attribute, documented) in &self.attributes {
            let (count, types) = seen.get(attribute.as_str()).cloned().unwrap_or_default();
            assert!(types.contains(&documented.of_type), "{name}: {attribute} is on the page, but not in the table");
            assert_eq!(count == items.len(), documented.always, "{name}: whether {attribute} is there always");
        }
    }

    /// The values of an attribute are those that the page lists.
    fn check_values(&self, attribute: &str, items: &[&Item]) {
        let documented: BTreeSet<_> = code(&self.attributes[attribute].text).into_iter().collect();
        let seen: BTreeSet<_> = items.iter().map(|item| item.text(attribute)).collect();
        assert_eq!(seen, documented, "{}: {attribute}", self.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_item_is_as_the_page_on_the_data_model_has_it() {
    let ses = Proxy::start().await;
    let variables = vec![("AWS_ENDPOINT_URL_SESV2", ses.url().to_owned())];
    let settings = Settings { variables, ..Settings::with_mail_for_all() }.and("MailsPerSourceIpPerHour", "1000");
    product_with(settings, async |product| {
        ses.lead_to_ses(product);
        let mut items = a_life(product, &ses).await;
        items.extend(product.items().await);
        let kinds = kinds();
        let mut by_kind: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for item in &items {
            let of: Vec<_> = kinds.iter().filter(|kind| kind.has(item.text("pk"), item.text("sk"))).collect();
            let [kind] = of[..] else { panic!("{} kinds on the page have the key of {item:?}", of.len()) };
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

/// Everything that leaves something in the table; returned is what was there in between.
async fn a_life(product: &Product, ses: &Proxy) -> Vec<Item> {
    let mut between = Vec::new();
    // A sign-up that waits for its mail, and then for ever.
    ses.decide(|_| Some(Fault::Held));
    product.ask_to_sign_up("jane@doe.net", "jane").await.expect(202);
    ses.silence().await;
    between.extend(product.items().await);
    ses.mend();

    let john = product.sign_up("John@doe.net", "johny").await;
    // Mail without a code, as there is no account.
    product.ask_to_sign_in("nobody@doe.net").await.expect(202);
    // Mail that comes back, and mail that nobody wants.
    for nobody in ["bounce@simulator.amazonses.com", "complaint@simulator.amazonses.com"] {
        product.ask_to_sign_in(nobody).await.expect(202);
    }
    product.stack.delivered().await;
    // A suppressed address gets no reply.
    product.ask_to_sign_in("bounce@simulator.amazonses.com").await.expect(202);
    // A guess that was wrong, and a sign-in that was asked for.
    let sign_in = Requested::of(&product.ask_to_sign_in("john@doe.net").await.expect(202));
    let code = product.newest_code("john@doe.net").await;
    product.verify_session(&sign_in.id, &wrong(&code)).await.refused(401, "code");
    // An address that is proved while its notice waits, and another one that is not.
    let id = product.ask_to_add(&john, "john@work.example").await.expect(202).text("verificationCodeID");
    let code = product.newest_code("john@work.example").await;
    ses.decide(|_| Some(Fault::Held));
    product.verify_email(&id, &code).await.acknowledged();
    ses.silence().await;
    between.extend(product.items().await);
    ses.mend();
    product.ask_to_add(&john, "john@home.example").await.expect(202);
    // The other notices.
    let work = product.email_id(&john, "john@work.example").await;
    let first = product.email_id(&john, "John@doe.net").await;
    product.prefer(&john, &work).await.acknowledged();
    product.sign_in_through(&john, "john@doe.net").await;
    product.delete_email(&john, &first).await.acknowledged();
    product.stack.delivered().await;
    between
}

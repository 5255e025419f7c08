//! Bounces and complaints: an address that bounced or complained gets no more email, and the
//! responses to requests for it do not reveal that.
//!
//! The local stack includes SES's mailbox simulator: email to its addresses bounces or causes a
//! complaint.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{json, value::RawValue};

use crate::{
    fixtures,
    support::{Answer, EmailKind, End, Fault, Proxy, Requested, Settings, log_lines, product, product_with},
};

const BOUNCING: &str = "bounce+john@simulator.amazonses.com";
const COMPLAINING: &str = "complaint@simulator.amazonses.com";
const KNOWN_TO_SES: &str = "suppressionlist@simulator.amazonses.com";

#[tokio::test(flavor = "multi_thread")]
async fn a_suppressed_address_gets_no_email_and_the_same_response() {
    product(async |product| {
        for (address, counts) in
            [(BOUNCING, "MailsBounced"), (COMPLAINING, "MailsComplained"), (KNOWN_TO_SES, "MailsBounced")]
        {
            let first = product.ask_to_sign_in(address).await.expect(202);
            assert_eq!(product.emails_to(address).await.len(), 1, "{address}");
            assert!(log_lines().iter().any(|line| line.contains(&format!("metric=\"{counts}\""))), "{counts}");
            let second = product.ask_to_sign_in(address).await.expect(202);
            assert_eq!(product.emails_to(address).await.len(), 1, "a second email to {address}");
            assert_eq!(product.redacted(&first.body), product.redacted(&second.body));
            let names = |answer: &Answer| answer.headers.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(&first), names(&second));
        }
        assert!(log_lines().iter().any(|line| line.contains(r#"metric="MailsSuppressed""#)));
        // This mailbox of the simulator accepts all email.
        let reachable = "success@simulator.amazonses.com";
        for received in 1..=2 {
            product.ask_to_sign_in(reachable).await.expect(202);
            assert_eq!(product.emails_to(reachable).await.len(), received);
        }
    })
    .await;
}

/// Suppression applies to every spelling of the address and to every kind of email, including
/// notices.
#[tokio::test(flavor = "multi_thread")]
async fn a_suppressed_user_can_sign_in_through_another_address() {
    product(async |product| {
        let john = product.sign_up(COMPLAINING, "johny").await;
        product.add_email(&john, "john@work.example").await;
        product.ask_to_sign_in("Complaint@Simulator.AmazonSES.com").await.expect(202);
        let john = product.sign_in_through(&john, "john@work.example").await;
        product.session(&john.bearer).await.expect(200);
        let received = product.sent_emails().await;
        let letters: Vec<_> = received.iter().map(|mail| (mail.to[0].as_str(), EmailKind::of(mail))).collect();
        let work = "john@work.example";
        let codes = letters.iter().filter(|(_, kind)| *kind == EmailKind::Code).map(|(to, _)| *to);
        assert_eq!(codes.collect::<Vec<_>>(), [COMPLAINING, work, work]);
        // The notices go to the address that gets email.
        let notices = letters.iter().filter(|(_, kind)| *kind != EmailKind::Code).copied();
        let notices: BTreeSet<_> = notices.collect();
        assert_eq!(notices, [(work, EmailKind::AddressVerified), (work, EmailKind::SignedInElsewhere)].into());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_a_suppressed_email_cannot_be_verified() {
    product(async |product| {
        product.ask_to_sign_up(BOUNCING, "johny").await.expect(202);
        let sent = product.newest_code(BOUNCING).await;
        let unsent = Requested::of(&product.ask_to_sign_up(BOUNCING, "johny").await.expect(202));
        product.stack.delivered().await;
        product.verify_session(&unsent.id, &sent).await.refused(401, "code");
        let contents = product.contents().await;
        let code = contents.item(&format!("CODE#{} CODE", unsent.id)).expect("a verification");
        assert!(code.has("mailedAt") && !code.has("reply"), "{code:?}");
    })
    .await;
}

/// The oldest verified address that is not suppressed gets it. Without one, the notice is not sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_notice_to_a_suppressed_address_goes_to_another_verified_one() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let john = product.sign_up(COMPLAINING, "johny").await;
        product.mailing(product.add_email(&john, BOUNCING), &[(EmailKind::Code, BOUNCING)]).await;
        assert!(log_lines().iter().any(|line| line.contains("send-notices") && line.contains("suppressed:")));
        let notices = product.items().await.into_iter().filter(|item| item.text("sk") == "NOTICE");
        assert!(notices.into_iter().all(|notice| notice.has("mailedAt")));

        let (work, home) = ("john@work.example", "john@home.example");
        product.ask_to_add(&john, "unverified@doe.net").await.expect(202);
        for address in [work, home] {
            let verified = [(EmailKind::Code, address), (EmailKind::AddressVerified, work)];
            product.mailing(product.add_email(&john, address), &verified).await;
        }
        // A notice about the suppressed address itself has no other recipient, because the other
        // addresses have notices of their own.
        let id = product.email_id(&john, BOUNCING).await;
        product.mailing(product.prefer(&john, &id), &[(EmailKind::NoLongerPreferred, work)]).await.acknowledged();
        let id = product.email_id(&john, COMPLAINING).await;
        product.mailing(product.delete_email(&john, &id), &[(EmailKind::AddressRemoved, work)]).await.acknowledged();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suppression_for_a_complaint_ends_after_its_days() {
    for (settings, days) in [(Settings::default(), 30), (Settings::parameter("ComplaintSuppressionDays", "1"), 1)] {
        product_with(settings, async |product| {
            let jane = "jane@example.com";
            fixtures::invoke(product, "handle-mail-event", "complaint").await;
            product.pass(Duration::from_mins(24 * 60 * days - 5));
            product.ask_to_sign_in(jane).await.expect(202);
            assert_eq!(product.emails_to(jane).await.len(), 0, "{days} days");
            // DynamoDB deletes the item later.
            product.pass(Duration::from_mins(5));
            product.ask_to_sign_in(jane).await.expect(202);
            assert_eq!(product.emails_to(jane).await.len(), 1, "{days} days");
            // A further complaint counts anew.
            fixtures::invoke(product, "handle-mail-event", "complaint").await;
            product.ask_to_sign_in(jane).await.expect(202);
            assert_eq!(product.emails_to(jane).await.len(), 1, "{days} days");
        })
        .await;
    }
}

/// The mailbox of a bounce does not exist, whatever complaints come before or after.
#[tokio::test(flavor = "multi_thread")]
async fn a_suppression_for_a_bounce_has_no_end() {
    for events in [&["hard-bounce"][..], &["complaint", "hard-bounce"], &["hard-bounce", "complaint"]] {
        product(async |product| {
            let jane = "jane@example.com";
            for event in events {
                fixtures::invoke(product, "handle-mail-event", event).await;
            }
            let expected = [[format!("SUPPRESSION#{jane}"), "bounce".to_owned()]];
            assert_eq!(fixtures::suppressions(product).await, expected, "{events:?}");
            product.pass(Duration::from_hours(24 * 400));
            product.stack.sweep().await.expect("a sweep");
            product.ask_to_sign_in(jane).await.expect(202);
            assert_eq!(product.emails_to(jane).await.len(), 0, "{events:?}");
        })
        .await;
    }
}

/// SES publishes the events of all emails of an AWS account, including those of other services.
#[tokio::test(flavor = "multi_thread")]
async fn bounces_of_other_services_are_ignored() {
    product(async |product| {
        for (configuration_set, suppressed) in [("another", 0), ("latchkey-ConfigurationSet", 1)] {
            let mail = json!({
                "FromEmailAddress": "news@example.com", "Destination": {"ToAddresses": [BOUNCING]},
                "Content": {"Simple": {"Subject": {"Data": "News"}, "Body": {"Text": {"Data": "None."}}}},
                "ConfigurationSetName": configuration_set,
            });
            let url = format!("{}/v2/email/outbound-emails", product.stack.api_url());
            let sent = reqwest::Client::new().post(url).json(&mail).send().await.expect("a response");
            assert_eq!(sent.status(), 200);
            assert_eq!(fixtures::suppressions(product).await.len(), suppressed, "{configuration_set}");
        }
    })
    .await;
}

/// docs/email.md, "Addresses that get no mail".
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_an_operator_releases_gets_email_again() {
    product(async |product| {
        for _ in 1..=2 {
            product.ask_to_sign_in(BOUNCING).await.expect(202);
        }
        assert_eq!(product.emails_to(BOUNCING).await.len(), 1);
        let release = product.dynamodb().delete_item().table_name(product.table().await);
        let release = release.key("pk", AttributeValue::S(format!("SUPPRESSION#{BOUNCING}")));
        release.key("sk", AttributeValue::S("SUPPRESSION".to_owned())).send().await.expect("a write");
        product.ask_to_sign_in(BOUNCING).await.expect(202);
        assert_eq!(product.emails_to(BOUNCING).await.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_stored_fails_and_is_delivered_again() {
    let proxy = Proxy::start().await;
    let variables = vec![("handle-mail-event/AWS_ENDPOINT_URL_DYNAMODB", proxy.url().to_owned())];
    product_with(Settings { variables, ..Settings::default() }, async |product| {
        proxy.lead_to(product);
        let event: Box<RawValue> =
            serde_json::from_str(&fixtures::read("handle-mail-event", "complaint")).expect("an event");
        proxy.decide(|_| Some(Fault::Before(End::Error(500, "InternalServerError"))));
        product.stack.invoke("handle-mail-event", &event).await.expect_err("the event was not stored");
        assert!(fixtures::suppressions(product).await.is_empty());
        proxy.mend();
        product.stack.invoke("handle-mail-event", &event).await.expect("a response");
        assert_eq!(fixtures::suppressions(product).await.len(), 1);
    })
    .await;
}

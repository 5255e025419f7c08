//! Bounces and complaints: who can't be reached, or does not want to be, gets no more mail, and nobody else can tell.
//!
//! SES's mailbox simulator is part of the local stack, as it is of SES: mail to its addresses bounces or is complained of.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{json, value::RawValue};

use crate::{
    fixtures,
    support::{Answer, End, Fault, Letter, Proxy, Requested, Settings, log_lines, product, product_with},
};

const BOUNCING: &str = "bounce+john@simulator.amazonses.com";
const COMPLAINING: &str = "complaint@simulator.amazonses.com";
const KNOWN_TO_SES: &str = "suppressionlist@simulator.amazonses.com";

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_bounced_or_complained_gets_no_more_mail_and_whoever_asks_cannot_tell() {
    product(async |product| {
        for (address, counts) in
            [(BOUNCING, "MailsBounced"), (COMPLAINING, "MailsComplained"), (KNOWN_TO_SES, "MailsBounced")]
        {
            let first = product.ask_to_sign_in(address).await.expect(202);
            assert_eq!(product.mails_to(address).await.len(), 1, "{address}");
            assert!(log_lines().iter().any(|line| line.contains(&format!("metric=\"{counts}\""))), "{counts}");
            let second = product.ask_to_sign_in(address).await.expect(202);
            assert_eq!(product.mails_to(address).await.len(), 1, "{address} was mailed again");
            assert_eq!(product.redacted(&first.body), product.redacted(&second.body));
            let names = |answer: &Answer| answer.headers.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(&first), names(&second));
        }
        assert!(log_lines().iter().any(|line| line.contains(r#"metric="MailsSuppressed""#)));
        // The simulator has a mailbox that takes everything.
        let reachable = "success@simulator.amazonses.com";
        for mails in 1..=2 {
            product.ask_to_sign_in(reachable).await.expect(202);
            assert_eq!(product.mails_to(reachable).await.len(), mails);
        }
    })
    .await;
}

/// However it is written, and for whatever reason: also what its account's owner would be told.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_complained_is_told_nothing_more_and_still_has_his_account_through_another_address() {
    product(async |product| {
        let john = product.sign_up(COMPLAINING, "johny").await;
        product.add_email(&john, "john@work.example").await;
        product.ask_to_sign_in("Complaint@Simulator.AmazonSES.com").await.expect(202);
        let john = product.sign_in_through(&john, "john@work.example").await;
        product.session(&john.bearer).await.expect(200);
        let mails = product.mails().await;
        let letters: Vec<_> = mails.iter().map(|mail| (mail.to[0].as_str(), Letter::of(mail))).collect();
        let code_to = |address| (address, Letter::Code);
        assert_eq!(letters, [code_to(COMPLAINING), code_to("john@work.example"), code_to("john@work.example")]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_nobody_was_mailed_is_right_for_nobody() {
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

/// SES tells everybody of an account what happens to anybody's mails.
#[tokio::test(flavor = "multi_thread")]
async fn what_bounces_of_another_service_is_none_of_ours() {
    product(async |product| {
        for (configuration_set, suppressed) in [("another", 0), ("latchkey-ConfigurationSet", 1)] {
            let mail = json!({
                "FromEmailAddress": "news@example.com", "Destination": {"ToAddresses": [BOUNCING]},
                "Content": {"Simple": {"Subject": {"Data": "News"}, "Body": {"Text": {"Data": "None."}}}},
                "ConfigurationSetName": configuration_set,
            });
            let url = format!("{}/v2/email/outbound-emails", product.stack.api_url());
            let sent = reqwest::Client::new().post(url).json(&mail).send().await.expect("an answer");
            assert_eq!(sent.status(), 200);
            assert_eq!(fixtures::suppressions(product).await.len(), suppressed, "{configuration_set}");
        }
    })
    .await;
}

/// docs/operations.md, "Addresses that get no mail".
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_operators_release_is_mailed_again() {
    product(async |product| {
        for _ in 1..=2 {
            product.ask_to_sign_in(BOUNCING).await.expect(202);
        }
        assert_eq!(product.mails_to(BOUNCING).await.len(), 1);
        let release = product.dynamodb().delete_item().table_name(product.table().await);
        let release = release.key("pk", AttributeValue::S(format!("SUPPRESSION#{BOUNCING}")));
        release.key("sk", AttributeValue::S("SUPPRESSION".to_owned())).send().await.expect("a write");
        product.ask_to_sign_in(BOUNCING).await.expect(202);
        assert_eq!(product.mails_to(BOUNCING).await.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_remembered_fails_so_that_it_comes_again() {
    let proxy = Proxy::start().await;
    let variables = vec![("handle-mail-event/AWS_ENDPOINT_URL_DYNAMODB", proxy.url().to_owned())];
    product_with(Settings { variables, ..Settings::default() }, async |product| {
        proxy.lead_to(product);
        let event: Box<RawValue> =
            serde_json::from_str(&fixtures::read("handle-mail-event", "complaint")).expect("an event");
        proxy.decide(|_| Some(Fault::Before(End::Error(500, "InternalServerError"))));
        product.stack.invoke("handle-mail-event", &event).await.expect_err("nothing was remembered");
        assert!(fixtures::suppressions(product).await.is_empty());
        proxy.mend();
        product.stack.invoke("handle-mail-event", &event).await.expect("an answer");
        assert_eq!(fixtures::suppressions(product).await.len(), 1);
    })
    .await;
}

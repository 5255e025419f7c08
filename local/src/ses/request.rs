//! The request of `SendEmail`, and the checks by which SES rejects it.

use std::collections::BTreeMap;

use serde::Deserialize;
use shared::Timestamp;

use super::Email;

/// SES's limit for recipients of one email.
const MAX_RECIPIENTS: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendEmail {
    from_email_address: Option<String>,
    #[serde(default)]
    destination: Destination,
    #[serde(default)]
    reply_to_addresses: Vec<String>,
    content: Content,
    #[serde(default)]
    email_tags: Vec<Pair>,
    configuration_set_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Destination {
    #[serde(rename = "ToAddresses")]
    to: Vec<String>,
    #[serde(rename = "CcAddresses")]
    copy: Vec<String>,
    #[serde(rename = "BccAddresses")]
    blind_copy: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    simple: Option<Simple>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Text,
    body: Body,
    #[serde(default)]
    headers: Vec<Pair>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    text: Option<Text>,
    html: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Text {
    data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Pair {
    name: String,
    value: String,
}

/// Parses a request, or returns the message with which SES would reject it.
pub(super) fn parse(body: &[u8], now: Timestamp) -> Result<Email, String> {
    let request: SendEmail =
        serde_json::from_slice(body).map_err(|error| format!("The request cannot be read: {error}"))?;
    let simple = request.content.simple.ok_or("Only Simple content is supported here")?;
    let Destination { to, copy, blind_copy } = request.destination;
    let to = [to, copy, blind_copy].concat();
    let from = request.from_email_address.ok_or("Missing required field FromEmailAddress")?;

    if to.is_empty() {
        return Err("Destination must have at least one address".to_owned());
    }
    if to.len() > MAX_RECIPIENTS {
        return Err(format!("Recipient count exceeds {MAX_RECIPIENTS}"));
    }
    for address in to.iter().chain(&request.reply_to_addresses).chain([&from]) {
        check_address(address)?;
    }
    let text = simple.body.text.map(|text| text.data).unwrap_or_default();
    let html = simple.body.html.map(|html| html.data).unwrap_or_default();
    if text.is_empty() && html.is_empty() {
        return Err("Body must have Text or Html".to_owned());
    }
    if simple.subject.data.contains(['\r', '\n']) {
        return Err("Subject must be one line".to_owned());
    }
    Ok(Email {
        // SES's own message IDs look like this.
        id: format!("{}-{}-000000", crate::random::hexadecimal::<16>(), crate::random::hexadecimal::<4>()),
        from,
        to,
        reply_to: request.reply_to_addresses,
        subject: simple.subject.data,
        text,
        html,
        headers: map(simple.headers, check_header)?,
        tags: map(request.email_tags, check_tag)?,
        configuration_set: request.configuration_set_name,
        sent_at: now,
    })
}

fn map(pairs: Vec<Pair>, check: fn(&Pair) -> Result<(), String>) -> Result<BTreeMap<String, String>, String> {
    pairs
        .into_iter()
        .map(|pair| {
            check(&pair)?;
            Ok((pair.name, pair.value))
        })
        .collect()
}

/// Checks that an address is `name@domain` or `Display Name <name@domain>`, in ASCII.
///
/// SES accepts other characters only as punycode in domains and MIME-encoded in display names.
fn check_address(address: &str) -> Result<(), String> {
    let bare = match address.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => address,
    };
    let is_complete = bare.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    if !address.is_ascii() {
        Err("Email address contains non-ASCII characters".to_owned())
    } else if !is_complete || address.chars().any(char::is_control) {
        Err("Illegal address".to_owned())
    } else {
        Ok(())
    }
}

fn check_header(header: &Pair) -> Result<(), String> {
    let name = header.name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    let value = header.value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if header.name.is_empty() || !name || !value {
        return Err(format!("Invalid header {}", header.name));
    }
    Ok(())
}

fn check_tag(tag: &Pair) -> Result<(), String> {
    let allowed = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.@".contains(&byte))
    };
    if allowed(&tag.name) && allowed(&tag.value) { Ok(()) } else { Err("Invalid tag".to_owned()) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn request() -> Value {
        json!({
            "FromEmailAddress": "Latchkey <no-reply@latchkey.example>",
            "Destination": {"ToAddresses": ["ada@example.com"]},
            "ReplyToAddresses": ["help@latchkey.example"],
            "Content": {"Simple": {
                "Subject": {"Data": "482913 is your Latchkey code", "Charset": "UTF-8"},
                "Body": {"Text": {"Data": "482913"}, "Html": {"Data": "<b>482913</b>"}},
                "Headers": [{"Name": "Auto-Submitted", "Value": "auto-generated"}],
            }},
            "EmailTags": [{"Name": "purpose", "Value": "sign-up"}],
            "ConfigurationSetName": "latchkey",
        })
    }

    fn parse_value(request: &Value) -> Result<Email, String> {
        parse(request.to_string().as_bytes(), Timestamp::from_seconds(7))
    }

    #[test]
    fn a_complete_email_is_stored_as_it_was_sent() {
        let mail = parse_value(&request()).unwrap();
        assert_eq!(mail.to, ["ada@example.com"]);
        assert_eq!(mail.subject, "482913 is your Latchkey code");
        assert_eq!((mail.text.as_str(), mail.html.as_str()), ("482913", "<b>482913</b>"));
        assert_eq!(mail.headers["Auto-Submitted"], "auto-generated");
        assert_eq!(mail.tags["purpose"], "sign-up");
        assert_eq!(mail.configuration_set.as_deref(), Some("latchkey"));
        assert_eq!(mail.sent_at, Timestamp::from_seconds(7));
    }

    #[test]
    fn a_request_that_ses_would_reject_is_rejected() {
        let cases = [
            ("/Destination/ToAddresses", json!([])),
            ("/Destination/ToAddresses", json!(["zo\u{eb}@example.com"])),
            ("/Destination/ToAddresses", json!(["ada"])),
            ("/Destination/ToAddresses", json!(vec!["a@b.example"; 51])),
            ("/FromEmailAddress", json!(null)),
            ("/Content/Simple", json!(null)),
            ("/Content/Simple/Subject/Data", json!("two\r\nlines")),
            ("/Content/Simple/Body", json!({})),
            ("/Content/Simple/Headers/0/Value", json!("a\r\nBcc: b@example.com")),
            ("/EmailTags/0/Value", json!("not a tag")),
        ];
        for (pointer, value) in cases {
            let mut request = request();
            *request.pointer_mut(pointer).unwrap() = value;
            assert!(parse_value(&request).is_err(), "{pointer}");
        }
        assert!(parse(b"no JSON", Timestamp::from_seconds(0)).is_err());
    }
}

//! The README's commands, run as they are printed. The test stands in for curl: it makes the
//! requests itself.

use reqwest::{Client, Method};
use uuid::Uuid;

use super::shell::Shell;
use crate::support::{Product, markdown::fenced};

/// What `cargo run` says its address is.
const PRINTED: &str = "http://127.0.0.1:3000";

/// Printed after the output of each block.
const END: &str = "<end of block>";

/// Runs the blocks of `sh` in a text, in one shell. Each is followed by a block of what it prints.
pub(super) fn run_as_printed(product: &Product, shell: &Shell, text: &str) {
    let blocks = fenced(text);
    let commands: Vec<_> = blocks.iter().filter(|(language, _)| *language == "sh").map(|(_, text)| *text).collect();
    let printed: Vec<_> = blocks.iter().filter(|(language, _)| *language != "sh").map(|(_, text)| *text).collect();
    assert!(commands.len() > 1 && commands.len() == printed.len(), "commands, and what they print");

    let agent = agent(text);
    let blocks: Vec<_> = commands.iter().map(|command| format!("{command}\necho; echo '{END}'\n")).collect();
    let script = format!("set -eu\n{}", blocks.concat()).replace(PRINTED, product.stack.api_url());
    let output = shell.run("curl", &script, async |arguments| Curl::read(arguments).send(product, agent).await);
    assert_eq!(output.matches(END).count(), printed.len(), "{}: {output}", shell.name);
    let outputs: Vec<_> = output.split(END).map(str::trim).filter(|output| !output.is_empty()).collect();
    assert_eq!(outputs.len(), printed.len(), "{}: {output}", shell.name);
    for (output, printed) in outputs.iter().zip(printed) {
        let one_line: String = printed.lines().map(str::trim).collect();
        assert_eq!(masked(output), masked(&one_line), "{}", shell.name);
    }
}

/// What the curl called itself whose answers are printed.
fn agent(text: &str) -> &str {
    let (_, rest) = text.split_once(r#""userAgent":""#).expect("a user agent");
    rest.split('"').next().unwrap_or_default()
}

/// A call of curl, as far as the README goes.
#[derive(Default)]
struct Curl {
    method: Option<String>,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl Curl {
    fn read(arguments: Vec<String>) -> Self {
        let mut curl = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().expect("a value");
            match argument.as_str() {
                "-s" => {}
                "-X" => curl.method = Some(value()),
                "-H" => {
                    let header = value();
                    let (name, value) = header.split_once(": ").expect("a header");
                    curl.headers.push((name.to_owned(), value.to_owned()));
                }
                "-d" => curl.body = Some(value()),
                url if url.starts_with("http://") && curl.url.is_empty() => url.clone_into(&mut curl.url),
                other => panic!("nothing that this curl knows: {other}"),
            }
        }
        curl
    }

    async fn send(self, product: &Product, agent: &str) -> String {
        if self.url.contains("/_aws/ses") {
            // A reader of the README is slower than the email.
            product.stack.delivered().await;
        }
        let usual = if self.body.is_some() { "POST" } else { "GET" };
        let method = Method::from_bytes(self.method.as_deref().unwrap_or(usual).as_bytes()).expect("a method");
        let request = Client::new().request(method, self.url).header("user-agent", agent);
        let request = self.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let answer = request.body(self.body.unwrap_or_default()).send().await.expect("an answer");
        answer.text().await.expect("a text")
    }
}

/// The text with all that differs from run to run replaced by what it is.
fn masked(text: &str) -> String {
    let of_a_word = |char: char| char.is_ascii_alphanumeric() || char == '-';
    let mut masked = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|char| !of_a_word(char)).unwrap_or(rest.len()).max(first.len_utf8());
        let (word, after) = rest.split_at(end);
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        masked.push_str(match word.len() {
            36 if Uuid::parse_str(word).is_ok() => "<ID>",
            64 => "<bearer>",
            10 if is_number => "<time>",
            6 if is_number => "<code>",
            _ => word,
        });
        rest = after;
    }
    masked
}

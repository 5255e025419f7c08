//! What the targets that run functions stand on: an environment, and a service that has nothing but says yes.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::LazyLock,
    thread,
};

use shared::{Config, Timestamp};
use tokio::runtime::{Builder, Runtime};

/// When all of it happens: before the codes of `events/` expire.
pub const NOW: Timestamp = Timestamp::from_seconds(1_772_443_900);

/// One for all inputs: connections are kept from one to the next.
pub static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().expect("a runtime"));

/// What a function is given. DynamoDB and SES are both [`nothing`].
pub fn config() -> Config {
    let url = nothing();
    Config::from_variables(&|name| {
        let value = match name {
            "TABLE_NAME" => "table",
            "AWS_REGION" => "eu-west-1",
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "local",
            "AWS_ENDPOINT_URL" => &url,
            "CODE_KEY" => "no secret: the key of the codes in events/",
            "SENDER_ADDRESS" => "no-reply@latchkey.example",
            "PRODUCT_NAME" => "Latchkey",
            _ => return None,
        };
        Some(value.to_owned())
    })
    .expect("all that a function needs")
}

/// A table without items, which takes every write, and a mailer that takes every mail: `{}` to whatever is asked.
fn nothing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(|| answer(stream));
        }
    });
    url
}

/// Answers requests until the connection ends.
fn answer(stream: TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut requests = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if requests.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().ok()?;
                }
                None if line.trim_end().is_empty() => break,
                _ => {}
            }
        }
        requests.read_exact(&mut vec![0; length]).ok()?;
        requests.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").ok()?;
    }
}

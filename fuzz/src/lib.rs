//! Support for the targets that run functions: an environment, and a service that stores nothing
//! and accepts every request.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::LazyLock,
    thread,
};

use shared::{Config, Timestamp};
use tokio::runtime::{Builder, Runtime};

/// The time at which all events happen. The codes in `events/` have not expired yet.
pub const NOW: Timestamp = Timestamp::from_seconds(1_772_443_900);

/// The runtime for all inputs. Sharing it keeps connections open from one input to the next.
pub static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().expect("a runtime"));

/// Returns the configuration of a function. DynamoDB and SES are both the [`empty_service`].
pub fn config() -> Config {
    let url = empty_service();
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

/// Starts a service that responds `{}` to every request, and returns its URL. As DynamoDB, it has
/// no items and accepts every write; as SES, it accepts every email.
fn empty_service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(|| respond(stream));
        }
    });
    url
}

/// Responds to requests until the connection is closed.
fn respond(stream: TcpStream) -> Option<()> {
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

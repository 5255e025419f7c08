//! Tests of the stack as a whole: gateway, functions, stream, SES and their data.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::{Router, http::StatusCode, routing::post};
use local::{Data, Options, Stack, StartError};
use reqwest::{Client, Method, Response};
use tokio::net::TcpListener;

async fn start(options: Options) -> Stack {
    Stack::start(options).await.unwrap()
}

async fn sign_up(stack: &Stack, name: &str) -> Response {
    let body = format!(r#"{{"email":"{name}@example.com","fullName":"{name}","alias":"{name}"}}"#);
    let request = Client::new().post(format!("{}/api/auth/v2/user", stack.api_url()));
    request.header("content-type", "application/json").body(body).send().await.unwrap()
}

fn recipients(stack: &Stack) -> Vec<String> {
    stack.sent_emails().into_iter().flat_map(|mail| mail.to).collect()
}

/// A directory for one test, which is removed when the test ends.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("latchkey-stack-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }

    fn options(&self) -> Options {
        Options { data: Data::Directory(self.0.clone()), ..Options::default() }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn a_sign_up_sends_an_email() {
    let stack = start(Options::default()).await;
    assert_eq!(sign_up(&stack, "ada").await.status(), 202);
    stack.delivered().await;
    assert_eq!(recipients(&stack), ["ada@example.com"]);
    stack.shutdown().await;
}

#[tokio::test]
async fn an_email_is_not_sent_again_after_a_restart() {
    let directory = Directory::new();
    let stack = start(directory.options()).await;
    sign_up(&stack, "ada").await;
    stack.delivered().await;
    assert_eq!(recipients(&stack), ["ada@example.com"]);
    stack.shutdown().await;

    let stack = start(directory.options()).await;
    sign_up(&stack, "bob").await;
    stack.delivered().await;
    assert_eq!(recipients(&stack), ["bob@example.com"]);
    stack.shutdown().await;
}

#[tokio::test]
async fn an_email_that_failed_before_a_restart_is_sent_after_it() {
    let directory = Directory::new();
    let unreachable = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut without_mail = directory.options();
    without_mail.variables.insert("AWS_ENDPOINT_URL_SESV2".to_owned(), format!("http://{unreachable}"));
    let stack = start(without_mail).await;
    sign_up(&stack, "ada").await;
    stack.shutdown().await;

    let stack = start(directory.options()).await;
    stack.delivered().await;
    assert_eq!(recipients(&stack), ["ada@example.com"]);
    stack.shutdown().await;
}

#[tokio::test]
async fn an_email_that_fails_is_retried_until_it_is_sent() {
    let attempts = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&attempts);
    let respond = move || {
        let fails = counter.fetch_add(1, Ordering::SeqCst) < 8;
        async move {
            let status = if fails { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
            (status, r#"{"MessageId":"1"}"#)
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = axum::serve(listener, Router::new().route("/v2/email/outbound-emails", post(respond)));
    let server = tokio::spawn(server.into_future());

    let mut options = Options::default();
    options.variables.insert("AWS_ENDPOINT_URL_SESV2".to_owned(), url);
    let stack = start(options).await;
    sign_up(&stack, "ada").await;
    tokio::time::timeout(Duration::from_secs(30), stack.delivered()).await.unwrap();
    assert!(attempts.load(Ordering::SeqCst) > 8);
    stack.shutdown().await;
    server.abort();
}

#[tokio::test]
async fn an_email_that_fails_until_its_code_expires_is_given_up() {
    let unreachable = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut options = Options::default();
    options.variables.insert("AWS_ENDPOINT_URL_SESV2".to_owned(), format!("http://{unreachable}"));
    let stack = start(options).await;
    sign_up(&stack, "ada").await;
    stack.clock().advance(Duration::from_mins(11));
    tokio::time::timeout(Duration::from_secs(30), stack.delivered()).await.unwrap();
    assert!(stack.sent_emails().is_empty());
    stack.shutdown().await;
}

#[tokio::test]
async fn requests_that_api_gateway_rejects_get_its_own_responses() {
    let stack = start(Options::default()).await;
    let client = Client::new();
    let user = format!("{}/api/auth/v2/user", stack.api_url());
    let too_large = client.post(&user).body(vec![b' '; 10 * 1024 * 1024 + 1]);
    let too_long = client.get(format!("{user}/id/1")).header("x-long", "x".repeat(10_240));
    let cases = [
        (too_large, 413, r#"{"message":"Request Entity Too Large"}"#),
        (too_long, 431, "HTTP header is larger than 10240 bytes."),
    ];
    for (request, status, body) in cases {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.text().await.unwrap(), body);
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn the_emails_are_accessible_from_this_machine_only() {
    let stack = start(Options::default()).await;
    let (client, api) = (Client::new(), stack.api_url());
    for path in ["/", "/mailbox", "/_aws/ses"] {
        let url = format!("{api}{path}");
        assert_eq!(client.get(&url).send().await.unwrap().status(), 200, "{path}");
        let rebound = client.get(&url).header("host", "evil.example");
        assert_eq!(rebound.send().await.unwrap().status(), 403, "{path}");
        let cross_origin = client.get(&url).header("origin", "https://evil.example");
        assert_eq!(cross_origin.send().await.unwrap().status(), 403, "{path}");
    }
    let mailbox = client.get(format!("{api}/mailbox")).send().await.unwrap();
    assert_eq!(mailbox.headers()["x-content-type-options"], "nosniff");
    let policy = mailbox.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'nonce-"), "{policy}");
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    assert!(mailbox.text().await.unwrap().contains(&format!("<script nonce=\"{nonce}\">")));
    stack.shutdown().await;
}

/// A website cannot reach the database, neither from its own pages nor under its own name.
#[tokio::test]
async fn the_database_is_accessible_from_this_machine_only() {
    let stack = start(Options::default()).await;
    let (client, url) = (Client::new(), stack.dynamodb_url());
    let port = url.rsplit(':').next().unwrap();
    let statuses = [
        ("host", format!("localhost:{port}"), 200),
        ("host", format!("127.0.0.1:{port}"), 200),
        ("host", "[::1]:8000".to_owned(), 200),
        ("host", format!("host.docker.internal:{port}"), 200),
        ("host", format!("evil.example:{port}"), 403),
        ("host", "localhost.evil.example".to_owned(), 403),
        ("origin", "https://evil.example".to_owned(), 403),
    ];
    for (name, value, status) in statuses {
        let answer = client.get(url).header(name, &value).send().await.unwrap();
        assert_eq!(answer.status(), status, "{name}: {value}");
    }
    let list = client.post(url).header("x-amz-target", "DynamoDB_20120810.ListTables").body("{}");
    assert_eq!(list.header("host", "evil.example").send().await.unwrap().status(), 403);
    stack.shutdown().await;
}

#[tokio::test]
async fn the_stack_serves_the_reference_and_all_files_it_loads() {
    let stack = start(Options::default()).await;
    let page = reqwest::get(stack.api_url()).await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'nonce-"), "{policy}");
    let page = page.text().await.unwrap();
    for (place, path, content_type) in [
        ("src=\"", "/reference/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("href=\"", "/reference/swagger-ui.css", "text/css; charset=utf-8"),
        ("url: '", "/openapi.json", "application/json"),
    ] {
        assert!(page.contains(&format!("{place}{path}")), "{path}");
        let file = reqwest::get(format!("{}{path}", stack.api_url())).await.unwrap();
        assert_eq!(file.status(), 200, "{path}");
        assert_eq!(file.headers()["content-type"], content_type, "{path}");
        assert!(file.text().await.unwrap().len() > 10_000, "{path}");
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn emails_can_be_listed_selected_and_deleted() {
    let stack = start(Options::default()).await;
    sign_up(&stack, "ada").await;
    sign_up(&stack, "bob").await;
    stack.delivered().await;
    let sent = async |query: &str| {
        let url = format!("{}/_aws/ses{query}", stack.api_url());
        let found: serde_json::Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        found["messages"].as_array().unwrap().clone()
    };
    assert_eq!(sent("").await.len(), 2);
    assert_eq!(sent("?email=no-reply@latchkey.example").await.len(), 2);
    assert_eq!(sent("?email=unknown@example.com").await.len(), 0);
    let bobs = sent("?email=BOB@example.com").await;
    assert_eq!(bobs.len(), 1);
    assert_eq!(bobs[0]["Destination"]["ToAddresses"][0], "bob@example.com");
    assert!(!bobs[0]["Body"]["text_part"].as_str().unwrap().is_empty());

    let client = Client::new();
    let delete = async |query: &str| {
        let response = client.delete(format!("{}/_aws/ses{query}", stack.api_url())).send().await.unwrap();
        assert_eq!(response.status(), 204);
    };
    delete(&format!("?id={}", bobs[0]["Id"].as_str().unwrap())).await;
    assert_eq!(recipients(&stack), ["ada@example.com"]);
    delete("").await;
    assert!(stack.sent_emails().is_empty());
    stack.shutdown().await;
}

#[tokio::test]
async fn two_files_configure_functions_that_run_outside_the_stack() {
    let directory = Directory::new();
    let stack = start(directory.options()).await;
    let read = |name: &str| std::fs::read_to_string(directory.0.join(name)).unwrap();
    let (lines, json, key) = (read("functions.env"), read("functions.json"), read("code-key"));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["Parameters"]["CODE_KEY"], key);
    assert!(lines.contains(&format!("\nCODE_KEY=\"{key}\"\n")));
    for (name, url) in
        [("AWS_ENDPOINT_URL_DYNAMODB", stack.dynamodb_url()), ("AWS_ENDPOINT_URL_SESV2", stack.api_url())]
    {
        assert!(lines.contains(&format!("{name}=\"{url}\"\n")));
        assert_eq!(json["Parameters"][name], url.replace("127.0.0.1", "host.docker.internal"));
    }
    // The file contains every variable of a function, with the same value.
    for (name, value) in stack.environment("verify-session").unwrap() {
        assert!(value.is_empty() || lines.contains(&format!("{name}=\"{value}\"\n")), "{name}");
    }
    stack.shutdown().await;
}

/// On Linux, every address in 127.0.0.0/8 is this machine.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_stack_listens_on_the_given_host() {
    let host = Some([127, 0, 0, 2].into());
    let stack = start(Options { host, ..Options::default() }).await;
    assert!(stack.api_url().starts_with("http://127.0.0.2:") && stack.dynamodb_url().starts_with("http://127.0.0.2:"));
    assert_eq!(sign_up(&stack, "ada").await.status(), 202);
    stack.delivered().await;
    assert_eq!(recipients(&stack), ["ada@example.com"]);
    let sent = reqwest::get(format!("{}/_aws/ses", stack.api_url())).await.unwrap();
    assert_eq!(sent.status(), 200);
    stack.shutdown().await;
}

#[tokio::test]
async fn items_expire_when_the_clock_is_advanced() {
    let stack = start(Options::default()).await;
    sign_up(&stack, "ada").await;
    stack.delivered().await;
    assert_eq!(stack.sweep().await.unwrap(), 0);
    stack.clock().advance(Duration::from_hours(48));
    assert!(stack.sweep().await.unwrap() > 0);
    stack.shutdown().await;
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_call_the_api() {
    let mut options = Options::default();
    options.parameters.insert("AllowedOrigins".to_owned(), "https://shop.example".to_owned());
    let stack = start(options).await;
    let call = |method: Method, origin: &str| {
        let url = format!("{}/api/auth/v2/session", stack.api_url());
        Client::new().request(method, url).header("origin", origin)
    };
    // As Firefox asks for a page that uses the public JavaScript SDK.
    let preflight = |origin: &str| {
        call(Method::OPTIONS, origin)
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "api-key,api-secret,authorization,content-type,user-agent")
            .send()
    };

    let response = preflight("https://shop.example").await.unwrap();
    assert_eq!(response.status(), 204);
    assert_eq!(response.headers()["access-control-allow-origin"], "https://shop.example");
    let names = |name: &str| response.headers()[name].to_str().unwrap().split(',').collect::<BTreeSet<_>>();
    let headers = ["api-key", "api-secret", "authorization", "content-type", "user-agent"];
    assert_eq!(names("access-control-allow-headers"), headers.into());
    assert_eq!(names("access-control-allow-methods"), ["DELETE", "GET", "POST", "PUT"].into());
    assert_eq!(response.headers()["access-control-max-age"], "3600");

    let response = call(Method::GET, "https://shop.example").send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["access-control-allow-origin"], "https://shop.example");
    let exposed = "x-error,x-error-id,retry-after,www-authenticate";
    assert_eq!(response.headers()["access-control-expose-headers"], exposed);

    let response = preflight("https://evil.example").await.unwrap();
    assert!(!response.headers().contains_key("access-control-allow-origin"));
    assert!(!response.headers().contains_key("access-control-allow-headers"));
    stack.shutdown().await;
}

#[tokio::test]
async fn a_table_with_another_schema_is_rejected() {
    let directory = Directory::new();
    start(directory.options()).await.shutdown().await;
    let database = rusqlite::Connection::open(directory.0.join("dynamodb.sqlite")).unwrap();
    let changed = database.execute("UPDATE _tables SET key_schema = replace(key_schema, '\"sk\"', '\"other\"')", []);
    assert_eq!(changed.unwrap(), 1);
    drop(database);
    let error = Stack::start(directory.options()).await.err().unwrap();
    assert!(matches!(error, StartError::Database(_)), "{error}");
}

//! README.md and docs/: every claim that a test can check. docs/data-model.md has its own module.

#[cfg(unix)]
mod curl;
mod errors;
#[cfg(unix)]
mod operations;
#[cfg(unix)]
mod shell;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;

use crate::{
    support::{
        BASE, Product, Requested,
        markdown::{code, section, table},
        product, wrong,
    },
    template::{Template, entries},
};

const README: &str = include_str!("../../README.md");
const LOCAL: &str = include_str!("../../local/src/main.rs");
const OPERATIONS: &str = include_str!("../../docs/operations.md");

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_commands_in_the_readme_answer_as_printed() {
    for shell in shell::installed() {
        product(async |product| curl::run_as_printed(product, &shell, section(README, "## Quick start"))).await;
    }
}

#[test]
fn the_readme_has_every_endpoint_and_no_other() {
    let rows = table(section(README, "## Endpoints"), "| method | path | function |");
    let printed = rows.into_iter().map(|row| {
        let path = format!("{BASE}{}", row[1].trim_matches('`'));
        (row[2].clone(), row[0].clone(), path)
    });
    let template = Template::read();
    let deployed = template.endpoints().into_iter().map(|function| {
        let (method, path) = function.route();
        (function.name.to_owned(), method.to_owned(), path.to_owned())
    });
    assert_eq!(printed.collect::<BTreeSet<_>>(), deployed.collect());
}

#[test]
fn the_readme_has_every_flag_of_cargo_run() {
    let rows = table(section(README, "## Three ways to run it"), "| option |");
    let flags = rows.iter().flat_map(|row| code(&row[0])).map(|flag| flag.split(' ').next().unwrap_or_default());
    let (_, arguments) = LOCAL.split_once("struct Arguments {").expect("the arguments");
    let (arguments, _) = arguments.split_once("\n}").expect("their end");
    let fields = arguments.lines().map(str::trim).filter(|line| !line.starts_with(['/', '#']));
    let flag_of = |field: &str| format!("--{}", field.replace('_', "-"));
    let fields = fields.filter_map(|line| Some(flag_of(line.split_once(':')?.0)));
    // This flag may be repeated, and its field has a plural name.
    let expected = fields.map(|flag| if flag == "--parameters" { "--parameter".to_owned() } else { flag });
    assert_eq!(flags.map(str::to_owned).collect::<BTreeSet<_>>(), expected.collect());
}

#[test]
fn the_readme_has_every_setting_with_its_variable_and_its_default() {
    let rows = table(section(README, "## Settings"), "| parameter | variable | default |");
    let cell = |text: &str| text.trim_matches('`').to_owned();
    let printed = rows.into_iter().map(|row| (cell(&row[0]), (cell(&row[1]), cell(&row[2]))));

    let template = Template::read();
    let variables = variables(&template);
    let deployed = template.entries("Parameters").map(|(name, parameter)| {
        let default = match &parameter["Default"] {
            Value::Null => "none".to_owned(),
            Value::String(text) if text.is_empty() => "empty".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (name.to_owned(), (variables.get(name).cloned().unwrap_or_default(), default))
    });
    assert_eq!(printed.collect::<BTreeMap<_, _>>(), deployed.collect());
}

/// Returns the environment variable of each parameter.
fn variables(template: &Template) -> BTreeMap<String, String> {
    let globals = template.entries("Globals").map(|(_, function)| function);
    let own = template.entries("Resources").map(|(_, resource)| &resource["Properties"]);
    let variables = globals.chain(own).flat_map(|properties| entries(&properties["Environment"]["Variables"]));
    // Two variables are versions of a secret. A parameter names the second one.
    let parameter = |value: &Value| match value["Fn::If"][0].as_str() {
        Some(condition) => Some(condition.trim_start_matches("Has").to_owned()),
        None => value["Ref"].as_str().map(str::to_owned),
    };
    variables.filter_map(|(name, value)| Some((parameter(value)?, name.to_owned()))).collect()
}

#[test]
fn every_alarm_has_advice() {
    let rows = table(section(OPERATIONS, "## Alarms"), "| alarm |");
    let advised: BTreeSet<_> = rows.iter().flat_map(|row| code(&row[0])).collect();
    let template = Template::read();
    let alarms = template.entries("Resources").filter(|(_, resource)| resource["Type"] == "AWS::CloudWatch::Alarm");
    assert_eq!(advised, alarms.map(|(name, _)| name).collect());
}

/// With samconfig.toml, `sam deploy` shows its changes and waits for a yes, which a pipeline cannot
/// give.
#[test]
fn a_deployment_whose_command_has_the_parameters_asks_nothing() {
    let lines = [README, OPERATIONS].into_iter().flat_map(code).flat_map(str::lines);
    let deployments = lines.filter(|line| line.contains("sam deploy ") && line.contains(" --parameter-overrides "));
    let unattended: Vec<_> = deployments.filter(|line| !line.contains(" --guided")).collect();
    assert!(!unattended.is_empty());
    for command in unattended {
        assert!(command.contains(" --no-confirm-changeset "), "{command}");
    }
}

#[test]
fn every_link_resolves() {
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        let links = text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
        for link in links.filter(|link| !link.starts_with("http")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.clone() } else { page.parent().expect("a folder").join(path) };
            assert!(target.exists(), "{}: {link}", page.display());
            if !anchor.is_empty() {
                let text = fs::read_to_string(&target).expect("a page");
                let found = text.lines().any(|line| line.starts_with('#') && anchor_of(line) == anchor);
                assert!(found, "{}: {link}", page.display());
            }
        }
    }
}

/// An interactive zsh, the default on macOS, takes a comment for arguments.
#[test]
fn commands_have_no_comments() {
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        let (mut fenced, mut commands) = (false, false);
        for line in text.lines() {
            if let Some(language) = line.trim_start().strip_prefix("```") {
                fenced = !fenced;
                commands = fenced && matches!(language, "" | "sh");
            } else if commands {
                let is_comment = line.trim_start().starts_with('#') || line.contains(" #");
                assert!(!is_comment, "{}: {line}", page.display());
            }
        }
    }
}

/// Every page of the documentation.
fn pages() -> impl Iterator<Item = PathBuf> {
    let docs = fs::read_dir(root().join("docs")).expect("docs/").map(|page| page.expect("a page").path());
    let others = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "events/README.md"];
    docs.chain(others.map(|page| root().join(page)))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the anchor of a heading.
fn anchor_of(heading: &str) -> String {
    let kept = |char: &char| char.is_alphanumeric() || matches!(char, ' ' | '-');
    heading.trim_start_matches('#').trim().to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
}

/// docs/security.md, "Guesses": the best schedule gets 69 guesses at six digits, and no more.
#[tokio::test(flavor = "multi_thread")]
async fn an_attacker_gets_69_guesses_at_six_digits_a_day() {
    product(async |product| {
        product.sign_up("john@doe.net", "johny").await;
        product.pass(Duration::from_hours(24));
        // One wrong guess fewer than makes codes longer.
        let mut evaluated = 0;
        for ((id, code), guesses) in ask(product, 2).await.iter().zip([5, 4]) {
            for _ in 0..guesses {
                product.verify_session(id, &wrong(code)).await.refused(401, "code");
            }
            evaluated += tries(product, &[(id.clone(), code.clone())]).await;
        }
        product.pass(Duration::from_mins(10));
        let mut codes = ask(product, 3).await;
        for _ in 0..9 {
            product.pass(Duration::from_mins(1));
            codes.extend(ask(product, 1).await);
        }
        product.ask_to_sign_in("john@doe.net").await.refused(429, "Too many");
        assert_eq!(codes.len(), 12);
        for (id, code) in &codes {
            assert_eq!(code.len(), 6);
            for _ in 0..6 {
                product.verify_session(id, &wrong(code)).await.refused(401, "code");
            }
        }
        assert_eq!(evaluated + tries(product, &codes).await, 69);

        // The other six emails of the day have long codes, whenever they are requested.
        for _ in 0..6 {
            product.pass(Duration::from_hours(3));
            let (_, code) = &ask(product, 1).await[0];
            assert_eq!(code.len(), 12);
        }
        product.ask_to_sign_in("john@doe.net").await.refused(429, "Too many");
    })
    .await;
}

/// Returns the number of guesses that were compared with these codes.
async fn tries(product: &Product, codes: &[(String, String)]) -> i64 {
    let items = product.items().await;
    let items = items.iter().filter(|item| codes.iter().any(|(id, _)| item.text("pk") == format!("CODE#{id}")));
    items.filter_map(|item| item.number("tries")).sum()
}

async fn ask(product: &Product, times: usize) -> Vec<(String, String)> {
    let mut codes = Vec::new();
    for _ in 0..times {
        let id = Requested::of(&product.ask_to_sign_in("john@doe.net").await.expect(202)).id;
        codes.push((id, product.newest_code("john@doe.net").await));
    }
    codes
}

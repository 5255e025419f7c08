//! The dashboard shows every metric that is counted, and no other (docs/operations.md, "Metrics").

use std::collections::BTreeSet;

use serde_json::Value;
use shared::Metric;

use crate::support::{
    log_lines,
    markdown::{code, section, table},
    product, wrong,
};
use crate::template::Template;

const PAGE: &str = include_str!("../../docs/operations.md");

/// Returns our metrics on the dashboard, and those in alarms. Refusals include their kind.
fn watched(template: &Template) -> [BTreeSet<String>; 2] {
    let body = template.resource("Dashboard")["Properties"]["DashboardBody"]["Fn::Sub"].as_str().expect("a body");
    let body: Value = serde_json::from_str(body).expect("JSON");
    let mut shown = BTreeSet::new();
    for widget in body["widgets"].as_array().expect("widgets") {
        // A row can refer to the one before: "." repeats one of its cells, "..." all but the last
        // ones.
        let mut before: Vec<&str> = Vec::new();
        for row in widget["properties"]["metrics"].as_array().into_iter().flatten() {
            let cells: Vec<_> = row.as_array().expect("a row").iter().filter_map(Value::as_str).collect();
            before = match cells.split_first() {
                Some((&"...", rest)) => [&before[..before.len() - rest.len()], rest].concat(),
                _ => cells.iter().enumerate().map(|(at, cell)| if *cell == "." { before[at] } else { cell }).collect(),
            };
            if before[0] == "Latchkey" {
                assert_eq!(before[2..4], ["service", "${AWS::StackName}"]);
                assert!(before.get(4).is_none_or(|name| *name == "error_kind"), "{before:?}");
                shown.insert([&before[1..2], before.get(5..).unwrap_or_default()].concat().join(" "));
            }
        }
    }
    let alarms = template.entries("Resources").map(|(_, resource)| &resource["Properties"]);
    let alarms = alarms.filter(|alarm| alarm["Namespace"] == "Latchkey").map(|alarm| {
        let name = alarm["MetricName"].as_str().expect("a metric");
        let dimensions = alarm["Dimensions"].as_array().expect("dimensions");
        let named = dimensions.iter().map(|dimension| dimension["Name"].as_str().expect("a name"));
        assert!(named.eq(["service", "error_kind"].into_iter().take(dimensions.len())), "{alarm}");
        let kind = dimensions.get(1).and_then(|kind| kind["Value"].as_str());
        [Some(name), kind].into_iter().flatten().collect::<Vec<_>>().join(" ")
    });
    [shown, alarms.collect()]
}

#[test]
fn the_dashboard_shows_every_documented_metric_and_alarms_use_no_other() {
    let rows = table(section(PAGE, "## Metrics"), "| metric | counts |");
    let kinds = table(include_str!("../../docs/errors.md"), "| kind | status |");
    let kinds: Vec<_> = kinds.iter().map(|row| code(&row[0])[0].to_owned()).collect();
    let named = rows.iter().flat_map(|row| {
        let name = code(&row[0])[0].to_owned();
        if name == "Refusals" { kinds.iter().map(|kind| format!("Refusals {kind}")).collect() } else { vec![name] }
    });
    let named: BTreeSet<_> = named.collect();
    let counted = named.iter().map(String::as_str).filter(|name| *name != "Requests" && !name.starts_with("Refusals "));
    assert_eq!(counted.collect::<BTreeSet<_>>(), Metric::ALL.map(Metric::name).into(), "what the functions count");
    let [shown, alarmed] = watched(&Template::read());
    assert_eq!(shown, named);
    assert!(alarmed.is_subset(&shown), "{alarmed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_is_counted_at_each_of_its_steps() {
    product(async |product| {
        let address = "counted@metrics.example";
        let john = product.sign_up(address, "counted").await;
        let of_john = log_lines().into_iter().find(|line| line.contains(&john.user_id)).expect("a line");
        assert!(of_john.contains("verify-session") && of_john.contains(r#"metric="CodesVerified""#), "{of_john}");
        product.add_email(&john, "counted@work.example").await;
        product.stack.delivered().await;
        let asked = product.ask_to_sign_in(address).await.expect(202).text("verificationCodeID");
        let guess = wrong(&product.newest_code(address).await);
        product.verify_session(&asked, &guess).await.refused(401, "code");
        for (function, counts) in [
            ("create-user", "CodesRequested"),
            ("create-session", "CodesRequested"),
            ("create-email", "CodesRequested"),
            ("verify-email", "CodesVerified"),
            ("send-mail", "CodesMailed"),
            ("send-notices", "NoticesMailed"),
        ] {
            let counted = format!(r#"metric="{counts}""#);
            assert!(log_lines().iter().any(|line| line.contains(function) && line.contains(&counted)), "{function}");
        }
    })
    .await;
}

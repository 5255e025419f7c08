//! Environment files for functions that run outside of the stack, in `cargo lambda watch` or
//! `sam local`, but use its DynamoDB and SES.
//!
//! Every start writes two files next to the data, one for each tool. Both contain all variables of
//! all functions.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::json;

use crate::data;
use crate::error::StartError;

/// The file for `cargo lambda watch --env-file`.
const CARGO_LAMBDA_FILE: &str = "functions.env";

/// The file for `sam local invoke --env-vars` and `sam local start-api --env-vars`.
const SAM_FILE: &str = "functions.json";

/// The name under which containers in Docker Desktop reach the host's 127.0.0.1.
pub(crate) const CONTAINER_HOST: &str = "host.docker.internal";

/// Writes both files.
pub(crate) fn write(directory: &Path, variables: &BTreeMap<&str, &str>) -> Result<(), StartError> {
    for (name, text) in [(CARGO_LAMBDA_FILE, lines(variables)), (SAM_FILE, parameters(variables))] {
        let path = directory.join(name);
        data::replace(&path, &text).map_err(|source| StartError::Data { path, source })?;
    }
    Ok(())
}

fn lines(variables: &BTreeMap<&str, &str>) -> String {
    let mut text = String::new();
    // An empty variable is the same as an absent one.
    for (name, value) in variables.iter().filter(|(_, value)| !value.is_empty()) {
        // Writing to a string cannot fail. No parameter of the template allows a quote.
        let _ = writeln!(text, "{name}=\"{value}\"");
    }
    text
}

/// Formats variables for SAM. `Parameters` apply to every function, but SAM sets only the variables
/// that the function has in template.yaml.
fn parameters(variables: &BTreeMap<&str, &str>) -> String {
    let for_containers = |value: &str| value.replace("//127.0.0.1:", &format!("//{CONTAINER_HOST}:"));
    let parameters: BTreeMap<_, _> = variables.iter().map(|(name, value)| (name, for_containers(value))).collect();
    format!("{:#}\n", json!({"Parameters": parameters}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_for_containers_replaces_the_loopback_address() {
        let variables = BTreeMap::from([
            ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:8000"),
            ("PRODUCT_NAME", "Q & A"),
            ("REPLY_TO_ADDRESS", ""),
        ]);
        assert_eq!(lines(&variables), "AWS_ENDPOINT_URL_DYNAMODB=\"http://127.0.0.1:8000\"\nPRODUCT_NAME=\"Q & A\"\n");
        let json: serde_json::Value = serde_json::from_str(&parameters(&variables)).unwrap();
        let expected = json!({
            "AWS_ENDPOINT_URL_DYNAMODB": "http://host.docker.internal:8000",
            "PRODUCT_NAME": "Q & A",
            "REPLY_TO_ADDRESS": "",
        });
        assert_eq!(json["Parameters"], expected);
    }
}

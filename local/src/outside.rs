//! For functions that run outside of the stack, by `cargo lambda watch` or `sam local`, on what it stands in for.
//!
//! Two files beside the data, written anew at every start: all variables of all functions, as either tool takes them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::json;

use crate::data;
use crate::error::StartError;

/// `cargo lambda watch --env-file`
const FILE: &str = "functions.env";

/// `sam local invoke --env-vars`, `sam local start-api --env-vars`
const FILE_FOR_CONTAINERS: &str = "functions.json";

/// What 127.0.0.1 is to a container, in Docker Desktop.
pub(crate) const HOST_OF_CONTAINERS: &str = "host.docker.internal";

/// Writes both files.
pub(crate) fn write(directory: &Path, variables: &BTreeMap<&str, &str>) -> Result<(), StartError> {
    for (name, text) in [(FILE, lines(variables)), (FILE_FOR_CONTAINERS, parameters(variables))] {
        let path = directory.join(name);
        data::replace(&path, &text).map_err(|source| StartError::Data { path, source })?;
    }
    Ok(())
}

fn lines(variables: &BTreeMap<&str, &str>) -> String {
    let mut text = String::new();
    // An empty one counts as none.
    for (name, value) in variables.iter().filter(|(_, value)| !value.is_empty()) {
        // Writing to a string cannot fail. No parameter of the template allows a quote.
        let _ = writeln!(text, "{name}=\"{value}\"");
    }
    text
}

/// `Parameters` are for every function. Of these, SAM sets what stands in the function's environment in template.yaml.
fn parameters(variables: &BTreeMap<&str, &str>) -> String {
    let for_containers = |value: &str| value.replace("//127.0.0.1:", &format!("//{HOST_OF_CONTAINERS}:"));
    let parameters: BTreeMap<_, _> = variables.iter().map(|(name, value)| (name, for_containers(value))).collect();
    format!("{:#}\n", json!({"Parameters": parameters}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_reaches_this_machine_by_its_name() {
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

//! template.yaml: mistakes that neither `sam validate` nor the local stack would find.

mod policies;
mod references;
mod router;

use std::{cell::RefCell, collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};
use shared::{Config, Limits};

/// The template as JSON, in CloudFormation's long form: `!Ref X` is `{"Ref": "X"}` and `!Sub x` is
/// `{"Fn::Sub": "x"}`.
pub(crate) struct Template(Value);

/// The functions that send emails, which the table's stream invokes.
pub(crate) const SENDERS: [&str; 2] = ["send-mail", "send-notices"];

/// The functions that other AWS services invoke.
pub(crate) const WITHOUT_A_ROUTE: [&str; 3] = ["handle-mail-event", "send-mail", "send-notices"];

/// A function in the template.
pub(crate) struct Function<'a> {
    /// `CreateUser`
    pub(crate) id: &'a str,
    /// `create-user`
    pub(crate) name: &'a str,
    pub(crate) resource: &'a Value,
}

impl Template {
    pub(crate) fn read() -> Self {
        let text = include_str!("../../template.yaml");
        Self(json(serde_norway::from_str(text).expect("YAML")))
    }

    pub(crate) fn entries(&self, section: &str) -> impl Iterator<Item = (&str, &Value)> {
        entries(&self.0[section])
    }

    pub(crate) fn resource(&self, id: &str) -> &Value {
        let resource = &self.0["Resources"][id];
        assert!(resource.is_object(), "no resource {id}");
        resource
    }

    pub(crate) fn functions(&self) -> Vec<Function<'_>> {
        let functions =
            self.entries("Resources").filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function");
        let with_names = functions.map(|(id, resource)| {
            let name = resource["Metadata"]["BuildProperties"]["Binary"].as_str().expect("a binary");
            Function { id, name, resource }
        });
        with_names.collect()
    }

    fn function(&self, name: &str) -> Function<'_> {
        self.functions().into_iter().find(|function| function.name == name).unwrap_or_else(|| panic!("no {name}"))
    }

    /// Returns the timeout of a function, in seconds.
    pub(crate) fn timeout(&self, function: &Function<'_>) -> Option<u64> {
        function.property("Timeout").as_u64().or(self.0["Globals"]["Function"]["Timeout"].as_u64())
    }

    /// Returns the functions of the API.
    pub(crate) fn endpoints(&self) -> Vec<Function<'_>> {
        self.functions().into_iter().filter(|function| !WITHOUT_A_ROUTE.contains(&function.name)).collect()
    }
}

impl<'a> Function<'a> {
    fn property(&self, name: &str) -> &'a Value {
        &self.resource["Properties"][name]
    }

    /// Returns the properties of the function's only event, which has this type. The `$default`
    /// route does not count.
    fn event(&self, of_type: &str) -> &'a Value {
        let events = entries(self.property("Events")).map(|(_, event)| event);
        let mut events = events.filter(|event| event["Properties"] != default_route());
        let (Some(event), None) = (events.next(), events.next()) else { panic!("{} has not one event", self.id) };
        assert_eq!(event["Type"], of_type, "{}", self.id);
        &event["Properties"]
    }

    /// Returns the method and path of an endpoint, which has one route.
    pub(crate) fn route(&self) -> (&'a str, &'a str) {
        let properties = self.event("HttpApi");
        assert_eq!(properties["ApiId"], json!({"Ref": "Api"}), "{}", self.id);
        (properties["Method"].as_str().expect("a method"), properties["Path"].as_str().expect("a path"))
    }

    fn variables(&self) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        entries(&self.property("Environment")["Variables"])
    }
}

/// Returns the properties of the `$default` route: neither a method nor a path.
fn default_route() -> Value {
    json!({"ApiId": {"Ref": "Api"}})
}

/// Iterates over the members of an object. Any other value has none.
pub(crate) fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// Converts YAML to JSON.
pub(crate) fn json(yaml: serde_norway::Value) -> Value {
    use serde_norway::Value as Yaml;
    match yaml {
        Yaml::Sequence(items) => items.into_iter().map(json).collect(),
        Yaml::Mapping(members) => {
            let member = |(name, value): (Yaml, Yaml)| (name.as_str().expect("a name").to_owned(), json(value));
            Value::Object(members.into_iter().map(member).collect())
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = tag.trim_start_matches('!');
            let name = if matches!(name, "Ref" | "Condition") { name.to_owned() } else { format!("Fn::{name}") };
            json!({name: json(tagged.value)})
        }
        plain => serde_json::to_value(plain).expect("JSON"),
    }
}

/// Converts `create-user` or `CREATE_USER` to `CreateUser`.
fn pascal(name: &str) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..].to_lowercase();
    name.split(['-', '_']).map(word).collect()
}

fn folders(of: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(of);
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let folders = entries.filter(|entry| entry.file_type().expect("a type").is_dir());
    folders.map(|entry| entry.file_name().into_string().expect("UTF-8")).collect()
}

#[test]
fn a_function_has_the_same_name_everywhere() {
    let template = Template::read();
    let functions = template.functions();
    for function in &functions {
        let Function { id, name, resource } = function;
        assert_eq!(pascal(name), *id);
        assert_eq!(resource["Metadata"]["BuildMethod"], "rust-cargolambda");
        assert_eq!(*function.property("CodeUri"), format!("functions/{name}"));
        assert_eq!(*function.property("FunctionName"), json!({"Fn::Sub": format!("${{AWS::StackName}}-{name}")}));
        assert_eq!(*function.property("LoggingConfig"), json!({"LogGroup": {"Ref": format!("{id}Logs")}}));
        let logs = &template.resource(&format!("{id}Logs"))["Properties"];
        assert_eq!(logs["LogGroupName"], json!({"Fn::Sub": format!("/aws/lambda/${{AWS::StackName}}-{name}")}));
        assert_eq!(logs["RetentionInDays"], json!({"Ref": "LogRetentionDays"}));
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../functions/{name}/Cargo.toml"));
        let manifest = fs::read_to_string(manifest).expect("a manifest");
        // The names of the package and of its binary.
        assert_eq!(manifest.matches(&format!("\nname = \"{name}\"\n")).count(), 2, "{name}");
    }
    let names: BTreeSet<_> = functions.iter().map(|function| function.name.to_owned()).collect();
    assert_eq!(names, registry::FUNCTIONS.map(|function| function.name.to_owned()).into());
    assert_eq!(names, folders("functions"));
    assert_eq!(names, folders("events"));
}

#[test]
fn every_function_runs_on_arm_without_a_managed_runtime() {
    let template = Template::read();
    let globals = &template.0["Globals"]["Function"];
    assert_eq!(globals["Runtime"], "provided.al2023");
    assert_eq!(globals["Architectures"], json!(["arm64"]));
    assert_eq!(globals["Handler"], "bootstrap");
    for function in template.functions() {
        for property in ["Runtime", "Architectures", "Handler", "MemorySize"] {
            assert!(function.property(property).is_null(), "{}: {property}", function.id);
        }
        // A handler gives up early enough to send a response itself.
        assert!(template.timeout(&function) > Some(shared::edge::DEADLINE.as_secs() + 1), "{}", function.id);
    }
}

/// Returns the names of the variables that `shared::Config` looks up.
fn variables_read() -> BTreeSet<String> {
    let asked = RefCell::new(BTreeSet::new());
    let look_up = |name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        // Every variable has a value, so that all of them are looked up.
        Some(match name {
            "CODE_KEY" | "PREVIOUS_CODE_KEY" => "a code key of a test, of sufficient length".to_owned(),
            "SENDER_ADDRESS" | "REPLY_TO_ADDRESS" => "no-reply@example.com".to_owned(),
            "PRODUCT_LINK" => "https://example.com/".to_owned(),
            "PRODUCT_COLOR" => "#1a73e8".to_owned(),
            "CODE_DIGITS" => "6".to_owned(),
            "SIGN_UP" => "open".to_owned(),
            "TRUSTED_PROXY_SECRET" => "a secret of a test, of sufficient length".to_owned(),
            _ => "3600".to_owned(),
        })
    };
    Config::from_variables(&look_up).expect("a configuration");
    // Lambda sets the region and the credentials.
    let is_ours = |name: &String| !name.starts_with("AWS_") || name.starts_with("AWS_ENDPOINT_URL_");
    asked.into_inner().into_iter().filter(is_ours).collect()
}

#[test]
fn the_environment_is_what_the_functions_read() {
    let template = Template::read();
    let common = entries(&template.0["Globals"]["Function"]["Environment"]["Variables"]);
    let mut all: BTreeSet<_> = common.map(|(name, _)| name.to_owned()).collect();
    for function in template.functions() {
        let own: BTreeSet<_> = function.variables().map(|(name, _)| name).collect();
        // Only functions that derive codes get the code key, and only those that send emails get
        // the sender.
        let expected: &[&str] = match function.name {
            "create-user" => &["SIGN_UP"],
            "verify-session" | "verify-email" | "verify-keypair" => &["CODE_KEY", "PREVIOUS_CODE_KEY"],
            "handle-mail-event" => &["COMPLAINT_SUPPRESSION_DAYS"],
            "send-notices" => &[
                "AWS_ENDPOINT_URL_SESV2",
                "CONFIGURATION_SET",
                "PRODUCT_COLOR",
                "PRODUCT_LINK",
                "PRODUCT_NAME",
                "REPLY_TO_ADDRESS",
                "SENDER_ADDRESS",
            ],
            "send-mail" => &[
                "AWS_ENDPOINT_URL_SESV2",
                "CODE_KEY",
                "CONFIGURATION_SET",
                "PREVIOUS_CODE_KEY",
                "PRODUCT_COLOR",
                "PRODUCT_LINK",
                "PRODUCT_NAME",
                "REPLY_TO_ADDRESS",
                "SENDER_ADDRESS",
            ],
            _ => &[],
        };
        assert!(own.iter().eq(expected), "{}: {own:?}", function.id);
        all.extend(own.into_iter().map(str::to_owned));
    }
    assert_eq!(all, variables_read());
}

#[test]
fn every_variable_has_the_value_of_the_parameter_of_its_name() {
    let template = Template::read();
    let common = entries(&template.0["Globals"]["Function"]["Environment"]["Variables"]);
    let functions = template.functions();
    let own = functions.iter().flat_map(Function::variables);
    for (name, value) in common.chain(own) {
        let expected = match name {
            "TABLE_NAME" => json!({"Ref": "Table"}),
            "SERVICE_NAME" => json!({"Ref": "AWS::StackName"}),
            "CODE_KEY" => json!({"Fn::Sub": "{{resolve:secretsmanager:${CodeKey}}}"}),
            "PREVIOUS_CODE_KEY" => json!({"Fn::If": [
                "HasPreviousCodeKey",
                {"Fn::Sub": "{{resolve:secretsmanager:${CodeKey}:SecretString::${PreviousCodeKey}}}"},
                "",
            ]}),
            // Not set on AWS. They are declared for `sam local`.
            "AWS_ENDPOINT_URL_DYNAMODB" | "AWS_ENDPOINT_URL_SESV2" => json!({"Ref": "AWS::NoValue"}),
            name => json!({"Ref": pascal(name)}),
        };
        assert_eq!(*value, expected, "{name}");
    }
}

#[test]
fn the_defaults_of_the_parameters_are_those_of_the_contract() {
    let template = Template::read();
    let parameters = &template.0["Parameters"];
    let look_up = |name: &str| match name {
        "TABLE_NAME" => Some("latchkey".to_owned()),
        name if name.starts_with("AWS_") => Some("x".to_owned()),
        name => parameters[pascal(name)]["Default"].as_u64().map(|number| number.to_string()),
    };
    let limits = Config::from_variables(&look_up).expect("a configuration").limits;
    assert_eq!(format!("{limits:?}"), format!("{:?}", Limits::default()));
}

#[test]
fn every_parameter_has_a_description_and_all_but_the_sender_a_default() {
    for (name, parameter) in Template::read().entries("Parameters") {
        let description = parameter["Description"].as_str().unwrap_or_default();
        assert!(description.ends_with('.') && description.len() > 20, "{name}: {description}");
        assert_eq!(parameter["Default"].is_null(), name == "SenderAddress", "{name}");
        if parameter["Type"] == "Number" && parameter["AllowedValues"].is_null() {
            let [least, usual, most] = ["MinValue", "Default", "MaxValue"].map(|key| parameter[key].as_i64());
            assert!(least.is_some() && least <= usual && usual <= most, "{name}");
            assert!(description.contains('('), "{name} has no unit: {description}");
        }
    }
}

#[test]
fn the_table_has_the_schema_that_the_store_uses() {
    let template = Template::read();
    let table = template.resource("Table");
    // Neither a mistake nor the deletion of the stack deletes the users' data.
    assert_eq!([&table["DeletionPolicy"], &table["UpdateReplacePolicy"]], ["Retain", "Retain"]);
    let properties = &table["Properties"];
    let keys = json!([{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]);
    assert_eq!(properties["KeySchema"], keys);
    let types = json!([{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}]);
    assert_eq!(properties["AttributeDefinitions"], types);
    assert_eq!(properties["TimeToLiveSpecification"], json!({"AttributeName": "expiresAt", "Enabled": true}));
    assert_eq!(properties["StreamSpecification"], json!({"StreamViewType": "NEW_IMAGE"}));
    assert_eq!(properties["PointInTimeRecoverySpecification"], json!({"PointInTimeRecoveryEnabled": true}));
    assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST");
}

#[test]
fn each_sender_receives_its_own_kind_of_item_and_loses_none() {
    let template = Template::read();
    // Codes are retried until they have expired. The stream deletes notices after 24 hours.
    let code_lifetime = json!({"Ref": "CodeLifetimeSeconds"});
    for (function, kind, age, queue) in [
        ("send-mail", "CODE#", code_lifetime, "DeadLetters.Arn"),
        ("send-notices", "NOTICE#", json!(84_600), "NoticeDeadLetters.Arn"),
    ] {
        let function = template.function(function);
        let source = function.event("DynamoDB");
        assert_eq!(source["Stream"], json!({"Fn::GetAtt": "Table.StreamArn"}));
        let filters = source["FilterCriteria"]["Filters"].as_array().expect("filters");
        let [filter] = filters.as_slice() else { panic!("one filter") };
        let pattern: Value = serde_json::from_str(filter["Pattern"].as_str().expect("a pattern")).expect("JSON");
        let keys = json!({"pk": {"S": [{"prefix": kind}]}});
        assert_eq!(pattern, json!({"eventName": ["INSERT"], "dynamodb": {"Keys": keys}}));
        assert_eq!(source["BatchSize"], 10);
        assert_eq!(source["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
        assert_eq!(source["BisectBatchOnFunctionError"], true);
        assert_eq!(source["StartingPosition"], "TRIM_HORIZON");
        // A record that is given up leaves a trace.
        assert_eq!(source["MaximumRetryAttempts"], -1);
        assert_eq!(source["MaximumRecordAgeInSeconds"], age);
        let dead_letters = json!({"Type": "SQS", "Destination": {"Fn::GetAtt": queue}});
        assert_eq!(source["DestinationConfig"]["OnFailure"], dead_letters);
        // Time for ten emails, each as slow as SES and DynamoDB may be.
        assert!(function.property("Timeout").as_u64() >= Some(250));
    }
    let sources =
        template.functions().iter().filter(|function| function.resource.to_string().contains("StreamArn")).count();
    assert_eq!(sources, SENDERS.len(), "DynamoDB allows two readers per shard");
}

#[test]
fn handle_mail_event_receives_bounces_and_complaints() {
    let template = Template::read();
    let set = json!({"Ref": "ConfigurationSet"});
    assert_eq!(
        template.function("handle-mail-event").event("EventBridgeRule")["Pattern"],
        json!({
            "source": ["aws.ses"],
            "detail-type": ["Email Bounced", "Email Complaint Received"],
            // Other stacks of the account send email, too.
            "detail": {"mail": {"tags": {"ses:configuration-set": [set]}}},
        })
    );
    let destination = &template.resource("MailFailures")["Properties"];
    assert_eq!(destination["ConfigurationSetName"], set);
    let destination = &destination["EventDestination"];
    assert_eq!(destination["MatchingEventTypes"], json!(["bounce", "complaint"]));
    assert_eq!(destination["Enabled"], true);
    let bus = destination["EventBridgeDestination"]["EventBusArn"]["Fn::Sub"].as_str().expect("a bus");
    assert!(bus.ends_with(":event-bus/default"), "{bus}");
}

#[test]
fn web_pages_may_use_every_route_and_read_every_header() {
    let template = Template::read();
    let cors = &template.resource("Api")["Properties"]["DefinitionBody"]["x-amazon-apigateway-cors"];
    let set = |name: &str| -> BTreeSet<String> { serde_json::from_value(cors[name].clone()).expect("names") };
    let methods = template.endpoints().iter().map(|function| function.route().0.to_owned()).collect();
    assert_eq!(set("allowMethods"), methods);
    let allowed = ["api-key", "api-secret", "authorization", "content-type", "user-agent"];
    assert_eq!(set("allowHeaders"), allowed.map(str::to_owned).into());
    let exposed = ["retry-after", "www-authenticate", "x-error", "x-error-id"];
    assert_eq!(set("exposeHeaders"), exposed.map(str::to_owned).into());
}

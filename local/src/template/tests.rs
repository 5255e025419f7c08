use super::*;

/// A small template with one example of every feature that is read.
const SAMPLE: &str = r#"
Parameters:
  SenderAddress: {Type: String, AllowedPattern: '^[^@\s]+@[^@\s]+$'}
  MailsPerSourceIpPerHour: {Type: Number, Default: 60, MinValue: 0, MaxValue: 100}
  Level: {Type: String, Default: INFO, AllowedValues: [INFO, WARN]}
  Name: {Type: String, Default: '', MaxLength: 4, ConstraintDescription: keep it short}
  Batch: {Type: Number, Default: 10}
Conditions:
  HasName: !Not [!Equals [!Ref Name, '']]
Globals:
  Function:
    Timeout: 10
    Environment:
      Variables:
        TABLE_NAME: !Ref Table
        LEVEL: !Ref Level
        NAME: !If [HasName, !Ref Name, none]
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions:
        - {AttributeName: pk, AttributeType: S}
      KeySchema:
        - {AttributeName: pk, KeyType: HASH}
      TimeToLiveSpecification: {AttributeName: expiresAt, Enabled: true}
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      DefinitionBody:
        x-amazon-apigateway-cors:
          allowOrigins: !Split [',', 'https://a.example,https://b.example']
          allowMethods: [GET]
          maxAge: 60
  Key: {Type: 'AWS::SecretsManager::Secret'}
  Set: {Type: 'AWS::SES::ConfigurationSet'}
  GetThing:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: get-thing}}
    Properties:
      Environment:
        Variables:
          LEVEL: WARN
          KEY: !Sub '{{resolve:secretsmanager:${Key}}}'
          SET: !Ref Set
          TEXT: !Sub ['${AWS::StackName}/${Own}/${!Kept}', {Own: !Join ['-', [a, !Ref Level]]}]
          NOTHING: !Ref AWS::NoValue
          LONG: {'Fn::Sub': '${AWS::Region}'}
      Events:
        Read: {Type: HttpApi, Properties: {Method: get, Path: '/thing/{id}'}}
  Consume:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: consume}}
    Properties:
      Timeout: 60
      Events:
        Stream:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Table.StreamArn
            BatchSize: !Ref Batch
            MaximumRetryAttempts: -1
            MaximumRecordAgeInSeconds: 600
            FunctionResponseTypes: [ReportBatchItemFailures]
            FilterCriteria: {Filters: [{Pattern: '{"eventName":["INSERT"]}'}]}
        News:
          Type: EventBridgeRule
          Properties:
            Pattern: {source: [!Sub '${AWS::StackName}.news'], detail: {set: [!Ref Set], urgent: [true]}}
  Absent:
    Type: AWS::Serverless::Function
    Condition: HasName
    Metadata: {BuildProperties: {Binary: absent}}
    Properties: {}
"#;

fn read_with(text: &str, parameters: &[(&str, &str)]) -> Result<Template, String> {
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Template::read(text, &parameters, "the-key").map_err(|error| error.to_string())
}

fn read(parameters: &[(&str, &str)]) -> Result<Template, String> {
    read_with(SAMPLE, parameters)
}

/// Returns the error for the sample with `from` replaced by `to`.
fn refusal(from: &str, to: &str) -> String {
    assert!(SAMPLE.contains(from));
    read_with(&SAMPLE.replace(from, to), &[]).err().unwrap()
}

#[test]
fn an_environment_combines_the_globals_and_the_function() {
    let template = read(&[]).unwrap();
    let environment = &template.functions[0].environment;
    let expected = [
        ("KEY", "the-key"),
        ("LEVEL", "WARN"),
        ("LONG", REGION),
        ("NAME", "none"),
        ("SET", "latchkey-Set"),
        ("TABLE_NAME", "latchkey"),
        ("TEXT", "latchkey/a-INFO/${Kept}"),
    ];
    let found: Vec<_> = environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn routes_and_timeouts_are_read() {
    let template = read(&[]).unwrap();
    let routes: Vec<_> = template.routes().map(|(route, function)| (route.clone(), function.name.as_str())).collect();
    assert_eq!(routes, [(Route::Path { method: "GET".to_owned(), path: "/thing/{id}".to_owned() }, "get-thing")]);
    let timeouts: Vec<_> = template.functions.iter().map(|function| function.timeout.as_secs()).collect();
    assert_eq!(timeouts, [10, 60]);
}

#[test]
fn the_table_is_read() {
    let table = read(&[]).unwrap().table;
    assert_eq!(table.name, "latchkey");
    assert_eq!(table.key_schema, [("pk".to_owned(), "HASH".to_owned())]);
    assert_eq!(table.attributes, [("pk".to_owned(), "S".to_owned())]);
    assert_eq!(table.time_to_live.as_deref(), Some("expiresAt"));
    assert_eq!(table.stream_view_type.as_deref(), Some("NEW_IMAGE"));
}

#[test]
fn the_cors_configuration_is_read() {
    let cors = read(&[]).unwrap().cors.unwrap();
    assert_eq!(cors.origins, ["https://a.example", "https://b.example"]);
    assert_eq!((cors.methods.as_slice(), cors.max_age), (["GET".to_owned()].as_slice(), Some(60)));
}

#[test]
fn the_event_source_is_read() {
    let template = read(&[("Batch", "7")]).unwrap();
    let (function, source) = template.stream_readers().next().unwrap();
    assert_eq!(function.name, "consume");
    assert_eq!(source.batch_size, 7);
    assert_eq!(source.maximum_retry_attempts, None);
    assert_eq!(source.maximum_record_age.unwrap().as_secs(), 600);
    assert!(source.reports_batch_item_failures);
    assert!(source.filters[0].matches(&serde_json::json!({"eventName": "INSERT"})));
}

#[test]
fn the_pattern_of_a_rule_is_read_with_its_references_resolved() {
    let template = read(&[]).unwrap();
    let rules: Vec<_> = template.functions.iter().flat_map(|function| &function.rules).collect();
    let [rule] = rules[..] else { panic!("{} rules", rules.len()) };
    let event = |source: &str, set: &str| serde_json::json!({"source": source, "detail": {"set": set, "urgent": true}});
    assert!(rule.matches(&event("latchkey.news", "latchkey-Set")));
    assert!(!rule.matches(&event("latchkey.news", "another")));
    assert!(!rule.matches(&event("aws.news", "latchkey-Set")));
    let message = refusal("Pattern: {source", "Patern: {source");
    assert!(message.contains("Consume.Events.News"), "{message}");
}

#[test]
fn a_condition_determines_whether_a_function_exists() {
    assert_eq!(read(&[]).unwrap().functions.len(), 2);
    assert_eq!(read(&[("Name", "ada")]).unwrap().functions.len(), 3);
}

#[test]
fn the_error_for_an_invalid_value_names_the_parameter_only() {
    for (name, value, reason) in [
        ("SenderAddress", "no-at-sign", "does not match"),
        ("MailsPerSourceIpPerHour", "-1", "at least 0"),
        ("MailsPerSourceIpPerHour", "101", "at most 100"),
        ("MailsPerSourceIpPerHour", "many", "not a number"),
        ("Level", "LOUD", "one of INFO, WARN"),
        ("Name", "Adelaide", "keep it short"),
    ] {
        let message = read(&[(name, value)]).err().unwrap();
        assert!(message.contains(name) && message.contains(reason), "{message}");
        assert!(value.len() < 4 || !message.contains(value), "{message}");
    }
}

#[test]
fn the_error_for_an_unknown_parameter_lists_the_known_ones() {
    let message = read(&[("Sender", "a@b.example")]).err().unwrap();
    assert!(message.contains("Sender") && message.contains("SenderAddress"), "{message}");
}

#[test]
fn the_error_for_an_unresolvable_value_names_its_place() {
    let message = refusal("SET: !Ref Set", "SET: !Ref Sett");
    assert!(message.contains("GetThing.Environment.SET") && message.contains("Sett"), "{message}");
    let message = refusal("SET: !Ref Set", "SET: !GetAtt Set.Arn");
    assert!(message.contains("GetAtt"), "{message}");
    let message = refusal("{{resolve:secretsmanager:", "{{resolve:ssm:");
    assert!(message.contains("ssm"), "{message}");
}

#[test]
fn an_unsupported_event_type_or_operator_is_an_error() {
    let message = refusal("Type: HttpApi", "Type: Schedule");
    assert!(message.contains("GetThing.Events.Read"), "{message}");
    let message = refusal("[\"INSERT\"]", "[{\"cidr\":\"::/0\"}]");
    assert!(message.contains("cidr"), "{message}");
}

#[test]
fn the_template_of_the_repository_is_read() {
    let template = read_with(TEXT, &[]).unwrap();
    assert_eq!(template.table.name, "latchkey");
    assert_eq!(template.stream_readers().count(), 2);
    assert!(template.routes().count() >= 4);
    for function in &template.functions {
        assert_eq!(function.environment["TABLE_NAME"], "latchkey");
        assert_eq!(function.environment["MAILS_PER_SOURCE_IP_PER_HOUR"], "0");
    }
}

use std::collections::BTreeMap;

use hyper::Method;
use hyper::http::method::InvalidMethod;
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde::Deserialize;
use serde_json::Value;

use crate::StartError;

/// The template that is deployed, as it was when this program was built.
const TEXT: &str = include_str!("../../../template.yaml");

/// What the local server takes from `template.yaml`: the functions with their routes, and the table.
#[derive(Debug)]
pub(crate) struct Template {
    /// The functions, by the order of their names in the template.
    pub(crate) functions: Vec<Function>,
    /// The properties of the one `AWS::DynamoDB::Table`.
    pub(crate) table: Value,
    /// Whether the API treats every body as binary (`BinaryMediaTypes: ["*~1*"]`).
    pub(crate) every_body_is_binary: bool,
}

/// One function and where it answers.
#[derive(Debug)]
pub(crate) struct Function {
    /// The folder under `functions/`, which is the name of its binary as well.
    pub(crate) name: String,
    /// Its routes: verb and path, the path with its parameters in braces.
    pub(crate) routes: Vec<(Method, String)>,
}

impl Template {
    /// The template that this program was built with.
    ///
    /// # Errors
    /// [`StartError::Template`] when it is not as expected; a test sees that first.
    pub(crate) fn built_in() -> Result<Self, StartError> {
        Self::parse(TEXT)
    }

    fn parse(text: &str) -> Result<Self, StartError> {
        let wrong = |why: &dyn std::fmt::Display| StartError::Template(why.to_string());
        let documents = Yaml::load_from_str(text).map_err(|error| wrong(&error))?;
        let document = documents.first().ok_or_else(|| wrong(&"it is empty"))?;
        let file: File = serde_json::from_value(without_tags(document)).map_err(|error| wrong(&error))?;
        let mut functions = Vec::new();
        let mut tables = Vec::new();
        let mut every_body_is_binary = false;
        for (logical_name, resource) in file.resources {
            match resource.kind.as_str() {
                "AWS::Serverless::Function" => {
                    functions.push(Function::of(&logical_name, resource.properties)?);
                }
                "AWS::DynamoDB::Table" => tables.push(resource.properties),
                "AWS::Serverless::Api" => {
                    every_body_is_binary =
                        resource.properties["BinaryMediaTypes"] == serde_json::json!(["*~1*"]);
                }
                _ => {}
            }
        }
        let [table] =
            <[Value; 1]>::try_from(tables).map_err(|_| wrong(&"there must be exactly one table"))?;
        Ok(Self { functions, table, every_body_is_binary })
    }
}

impl Function {
    fn of(logical_name: &str, properties: Value) -> Result<Self, StartError> {
        let wrong = |why: &dyn std::fmt::Display| StartError::Template(format!("{logical_name}: {why}"));
        let properties: FunctionProperties =
            serde_json::from_value(properties).map_err(|error| wrong(&error))?;
        let name = properties
            .code_uri
            .strip_prefix("functions/")
            .map(|rest| rest.trim_end_matches('/').to_owned())
            .ok_or_else(|| wrong(&"CodeUri must be functions/NAME/"))?;
        let mut routes = Vec::new();
        for event in properties.events.into_values().filter(|event| event.kind == "Api") {
            let route: ApiEvent = serde_json::from_value(event.properties).map_err(|error| wrong(&error))?;
            for method in methods(&route.method).map_err(|error| wrong(&error))? {
                routes.push((method, route.path.clone()));
            }
        }
        Ok(Self { name, routes })
    }
}

/// The verbs that API Gateway takes for `ANY`.
const EVERY_METHOD: [Method; 7] =
    [Method::DELETE, Method::GET, Method::HEAD, Method::OPTIONS, Method::PATCH, Method::POST, Method::PUT];

fn methods(name: &str) -> Result<Vec<Method>, InvalidMethod> {
    if name == "ANY" { Ok(EVERY_METHOD.to_vec()) } else { Ok(vec![name.parse()?]) }
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "Resources")]
    resources: BTreeMap<String, Resource>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Properties", default)]
    properties: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FunctionProperties {
    code_uri: String,
    #[serde(default)]
    events: BTreeMap<String, Event>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Properties")]
    properties: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ApiEvent {
    path: String,
    method: String,
}

/// YAML as JSON. `!Ref Name`, `!Sub text` and the like become what they stand before: what the local server reads
/// uses none of them.
fn without_tags(node: &Yaml) -> Value {
    match node {
        Yaml::Tagged(_, inner) => without_tags(inner),
        Yaml::Sequence(items) => items.iter().map(without_tags).collect(),
        Yaml::Mapping(entries) => Value::Object(
            entries
                .iter()
                .filter_map(|(key, value)| Some((key.as_str()?.to_owned(), without_tags(value))))
                .collect(),
        ),
        Yaml::Value(Scalar::String(text)) => Value::String(text.to_string()),
        Yaml::Value(Scalar::Integer(number)) => Value::from(*number),
        Yaml::Value(Scalar::Boolean(truth)) => Value::from(*truth),
        Yaml::Value(Scalar::FloatingPoint(number)) => Value::from(number.into_inner()),
        Yaml::Value(Scalar::Null) | Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use super::*;

    fn folders() -> BTreeSet<String> {
        let functions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
        std::fs::read_dir(functions)
            .expect("the functions")
            .map(|entry| entry.expect("an entry"))
            .filter(|entry| entry.path().join("Cargo.toml").exists())
            .map(|entry| entry.file_name().into_string().expect("a plain name"))
            // It stands before other people's APIs: infra/authorizer.yaml has it.
            .filter(|name| name != "authorizer")
            .collect()
    }

    #[test]
    fn the_template_declares_exactly_the_folders_of_functions() {
        let template = Template::built_in().expect("the template is well formed");
        let declared: BTreeSet<String> =
            template.functions.iter().map(|function| function.name.clone()).collect();
        assert_eq!(declared, folders());
        assert_eq!(template.functions.len(), declared.len(), "two functions share a folder");
    }

    #[test]
    fn each_function_is_built_from_the_binary_of_its_folder() {
        let documents = Yaml::load_from_str(TEXT).expect("YAML");
        let template = without_tags(&documents[0]);
        let resources = template["Resources"].as_object().expect("resources");
        for (name, resource) in resources.iter().filter(|(_, it)| it["Type"] == "AWS::Serverless::Function") {
            assert_eq!(resource["Metadata"]["BuildMethod"], "rust-cargolambda", "{name}");
            let binary = resource["Metadata"]["BuildProperties"]["Binary"].as_str().expect("a binary");
            assert_eq!(resource["Properties"]["CodeUri"], format!("functions/{binary}/"), "{name}");
        }
    }

    #[test]
    fn every_path_takes_every_verb_so_that_its_function_refuses_the_wrong_ones() {
        let mut verbs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for function in Template::built_in().expect("well formed").functions {
            for (method, path) in function.routes {
                assert!(
                    verbs.entry(path.clone()).or_default().insert(method.to_string()),
                    "{method} {path} is there twice"
                );
            }
        }
        let all = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"].map(str::to_owned).into();
        for (path, listed) in verbs {
            assert_eq!(listed, all, "{path}");
        }
    }

    #[test]
    fn a_function_keeps_to_its_own_paths() {
        let functions = Template::built_in().expect("well formed").functions;
        let paths = |name: &str| -> BTreeSet<String> {
            let function = functions.iter().find(|function| function.name == name).expect("declared");
            function.routes.iter().map(|(_, path)| path.clone()).collect()
        };
        assert_eq!(paths("token"), BTreeSet::from(["/token".to_owned()]));
        assert_eq!(
            paths("discovery"),
            BTreeSet::from(
                [
                    "/.well-known/openid-configuration",
                    "/.well-known/oauth-authorization-server",
                    "/jwks.json",
                    "/authorization-details-types",
                    "/saml/metadata",
                    "/app.webmanifest",
                    "/errors",
                    "/errors/{name}",
                    "/assets/{file}",
                    "/errors",
                    "/errors/{name}",
                ]
                .map(str::to_owned)
            )
        );
    }

    #[test]
    fn the_stage_and_the_bodies_are_read() {
        assert!(Template::built_in().expect("well formed").every_body_is_binary);
    }

    #[test]
    fn intrinsic_functions_do_not_stand_in_the_way() {
        let template = Template::parse(
            "Resources:
  T: {Type: AWS::DynamoDB::Table, Properties: {TableName: !Sub \"${AWS::StackName}\"}}
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/f/
      Role: !GetAtt [Role, Arn]
      Events:
        E: {Type: Api, Properties: {RestApiId: !Ref Api, Path: \"/a/{b}\", Method: GET}}
        S: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
",
        )
        .expect("well formed");
        assert_eq!(template.functions[0].routes, [(Method::GET, "/a/{b}".to_owned())]);
    }

    #[test]
    fn a_template_without_a_table_is_refused() {
        assert!(matches!(Template::parse("Resources: {}"), Err(StartError::Template(_))));
    }
}

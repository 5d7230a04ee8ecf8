//! A carrier's OpenAPI document, and whether a request is one that it describes.

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// An OpenAPI document.
pub(super) struct Spec {
    document: Value,
    /// What comes before the document's paths: the path of its server.
    prefix: String,
}

/// A request as it arrived: method, path with query, content type, body.
pub(super) type Arrived = (String, String, String, String);

impl Spec {
    pub(super) fn twilio() -> Self {
        Self::read(include_str!("../../data/openapi/twilio_messages_calls.json"))
    }

    pub(super) fn telnyx() -> Self {
        Self::read(include_str!("../../data/openapi/telnyx_messages_calls.json"))
    }

    fn read(text: &str) -> Self {
        let mut document: Value = serde_json::from_str(text).unwrap();
        as_json_schema(&mut document);
        let server = url::Url::parse(document["servers"][0]["url"].as_str().unwrap()).unwrap();
        let prefix = server.path().trim_end_matches('/').to_owned();
        Self { document, prefix }
    }

    /// What is wrong with a request; nothing, when the document describes it.
    pub(super) fn mistakes(&self, (method, target, content_type, body): &Arrived) -> Vec<String> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let Some((operation, in_path)) = self.operation(method, path) else {
            return vec![format!("{method} {path} is not in the document")];
        };
        let mut mistakes = Vec::new();
        let parameters = self.parameters(operation);
        let named = |place: &str, name: &str| {
            parameters.iter().find(|one| one["in"] == place && one["name"] == name)
        };
        for (name, value) in in_path {
            match named("path", &name) {
                Some(parameter) => {
                    self.check(&parameter["schema"], &json!(value), &name, &mut mistakes);
                }
                None => mistakes.push(format!("the path's {name} is not declared")),
            }
        }
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match named("query", &name) {
                Some(parameter) => {
                    let value = self.typed(&parameter["schema"], &value);
                    self.check(&parameter["schema"], &value, &name, &mut mistakes);
                }
                None => mistakes.push(format!("the query's {name} is not declared")),
            }
        }
        let declared = self.resolve(&operation["requestBody"]);
        let schema = &declared["content"][content_type.as_str()]["schema"];
        if schema.is_object() {
            let schema = self.resolve(schema);
            let value = match content_type.as_str() {
                "application/json" => serde_json::from_str(body).unwrap(),
                _ => self.form(body, schema),
            };
            self.check(schema, &value, "body", &mut mistakes);
            self.undeclared(schema, &value, "body", &mut mistakes);
        } else if !content_type.is_empty() || !body.is_empty() || declared["required"] == true {
            mistakes.push(format!("a body of type {content_type:?} is not declared"));
        }
        mistakes
    }

    /// The operation of a request, and the values that its path holds.
    fn operation(&self, method: &str, path: &str) -> Option<(&Value, Vec<(String, String)>)> {
        let path = path.strip_prefix(self.prefix.as_str())?;
        let paths = self.document["paths"].as_object().unwrap();
        paths.iter().find_map(|(template, item)| {
            let operation = item.get(method.to_lowercase())?;
            Some((operation, matched(template, path)?))
        })
    }

    fn parameters<'a>(&'a self, operation: &'a Value) -> Vec<&'a Value> {
        let paths = self.document["paths"].as_object().unwrap();
        let item = paths.values().find(|item| {
            item.as_object().unwrap().values().any(|one| std::ptr::eq(one, operation))
        });
        let shared = item.and_then(|item| item["parameters"].as_array());
        let own = operation["parameters"].as_array();
        own.into_iter().chain(shared).flatten().map(|one| self.resolve(one)).collect()
    }

    /// A form as the object that its schema describes, repeated fields as lists.
    fn form(&self, body: &str, schema: &Value) -> Value {
        let mut object = Map::new();
        for (name, value) in url::form_urlencoded::parse(body.as_bytes()) {
            let property = self.resolve(&schema["properties"][&*name]);
            if is_a(property, "array") {
                let value = self.typed(&property["items"], &value);
                let list = object.entry(name).or_insert_with(|| json!([]));
                list.as_array_mut().unwrap().push(value);
            } else {
                let before = object.insert(name.to_string(), self.typed(property, &value));
                assert!(before.is_none(), "{name} is there twice");
            }
        }
        Value::Object(object)
    }

    /// A text as what its schema says it is. What it cannot be stays a text, and is found out.
    fn typed(&self, schema: &Value, text: &str) -> Value {
        let schema = self.resolve(schema);
        let number = is_a(schema, "integer") || is_a(schema, "number");
        let typed = match text.parse::<serde_json::Number>() {
            Ok(found) if number => Some(json!(found)),
            _ if is_a(schema, "boolean") => text.parse::<bool>().ok().map(Value::from),
            _ => None,
        };
        typed.unwrap_or_else(|| json!(text))
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, mistakes: &mut Vec<String>) {
        let errors = self.validator(schema);
        let errors = errors.iter_errors(value).map(|error| format!("{at}: {error}"));
        mistakes.extend(errors.collect::<Vec<_>>());
    }

    fn validator(&self, schema: &Value) -> Validator {
        // References point into the document, so that is the root.
        let root = json!({ "components": self.document["components"], "allOf": [schema] });
        jsonschema::draft202012::options()
            .should_validate_formats(true)
            .with_format("url", |text: &str| url::Url::parse(text).is_ok())
            .build(&root)
            .unwrap()
    }

    /// Members that no schema declares. Documents do not forbid them, and carriers ignore them: a
    /// slip of ours would go unseen.
    fn undeclared(&self, schema: &Value, value: &Value, at: &str, mistakes: &mut Vec<String>) {
        let schema = self.resolve(schema);
        match value {
            Value::Object(object) => {
                for (name, value) in object {
                    match self.property(schema, name) {
                        Some(property) => {
                            self.undeclared(property, value, &format!("{at}.{name}"), mistakes);
                        }
                        None => mistakes.push(format!("{at}.{name} is not declared")),
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.undeclared(&schema["items"], item, at, mistakes);
                }
            }
            _ => {}
        }
    }

    fn property<'a>(&'a self, schema: &'a Value, name: &str) -> Option<&'a Value> {
        let all = schema["allOf"].as_array().into_iter().flatten();
        let inherited =
            || all.map(|part| self.resolve(part)).find_map(|part| self.property(part, name));
        schema["properties"].get(name).or_else(inherited)
    }

    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
            Some(pointer) => self.resolve(self.document.pointer(pointer).unwrap()),
            None => value,
        }
    }

    /// The documented answers to an operation: status and examples.
    pub(super) fn answers(&self, method: &str, path: &str) -> Vec<(String, Vec<Value>)> {
        let (operation, _) = self.operation(method, path).unwrap();
        let responses = operation["responses"].as_object().unwrap();
        let examples = |response| {
            let content = &self.resolve(response)["content"]["application/json"];
            if let Some(named) = content["examples"].as_object() {
                return named.values().map(|one| self.resolve(one)["value"].clone()).collect();
            }
            let one = content.get("example").cloned().map(|example| vec![example]);
            one.unwrap_or_else(|| self.examples(&content["schema"]))
        };
        responses.iter().map(|(status, one)| (status.clone(), examples(one))).collect()
    }

    /// The examples of a schema: its own, those of its choices, or an object around those of a
    /// member. Examples of single fields make none, for the document never says that these go
    /// together.
    fn examples(&self, schema: &Value) -> Vec<Value> {
        let schema = self.resolve(schema);
        if let Some(example) = schema.get("example").filter(|example| example.is_object()) {
            return vec![example.clone()];
        }
        let choices = schema["oneOf"].as_array().into_iter().flatten();
        let of_choices = choices.flat_map(|choice| self.examples(choice));
        let members = schema["properties"].as_object().into_iter().flatten();
        let of_members = members.flat_map(|(name, member)| {
            self.examples(member).into_iter().map(move |example| json!({ name.as_str(): example }))
        });
        of_choices.chain(of_members).collect()
    }
}

/// The values of a path's parameters, if it fits the template.
fn matched(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let (mut expected, mut found) = (template.split('/'), path.split('/'));
    let mut values = Vec::new();
    loop {
        let (expected, found) = match (expected.next(), found.next()) {
            (Some(expected), Some(found)) => (expected, found),
            (None, None) => return Some(values),
            _ => return None,
        };
        let Some((before, rest)) = expected.split_once('{') else {
            if expected == found {
                continue;
            }
            return None;
        };
        let (name, after) = rest.split_once('}').unwrap();
        let value = found.strip_prefix(before)?.strip_suffix(after)?;
        if value.is_empty() {
            return None;
        }
        values.push((name.to_owned(), value.to_owned()));
    }
}

/// Whether a schema is of that type, or may be.
fn is_a(schema: &Value, name: &str) -> bool {
    let types = &schema["type"];
    types == name || types.as_array().is_some_and(|types| types.contains(&json!(name)))
}

/// OpenAPI 3.0 writes `nullable` where JSON Schema has a type more.
fn as_json_schema(value: &mut Value) {
    if let Value::Object(object) = value {
        if object.get("nullable") == Some(&json!(true)) {
            if let Some(Value::String(one)) = object.get("type").cloned() {
                object.insert("type".to_owned(), json!([one, "null"]));
            }
            if let Some(Value::Array(words)) = object.get_mut("enum") {
                words.push(Value::Null);
            }
        }
        object.values_mut().for_each(as_json_schema);
    } else if let Value::Array(items) = value {
        items.iter_mut().for_each(as_json_schema);
    }
}

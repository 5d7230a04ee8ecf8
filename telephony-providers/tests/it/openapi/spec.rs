//! A carrier's OpenAPI document, and whether a request is one that it describes.

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// An OpenAPI document.
pub(super) struct Spec {
    document: Value,
    /// What comes before the document's paths.
    prefix: &'static str,
}

/// A request as it arrived: method, path with query, content type, body.
pub(super) type Arrived = (String, String, String, String);

impl Spec {
    pub(super) fn twilio() -> Self {
        Self::read(include_str!("../../data/openapi/twilio_messages_calls.json"), "")
    }

    pub(super) fn telnyx() -> Self {
        Self::read(include_str!("../../data/openapi/telnyx_messages_calls.json"), "/v2")
    }

    fn read(text: &str, prefix: &'static str) -> Self {
        let mut document: Value = serde_json::from_str(text).unwrap();
        as_json_schema(&mut document);
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
        for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
            if named("query", &name).is_none() {
                mistakes.push(format!("the query's {name} is not declared"));
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
        } else if !content_type.is_empty() || declared["required"] == true {
            mistakes.push(format!("a body of type {content_type:?} is not declared"));
        }
        mistakes
    }

    /// The operation of a request, and the values that its path holds.
    fn operation(&self, method: &str, path: &str) -> Option<(&Value, Vec<(String, String)>)> {
        let path = path.strip_prefix(self.prefix)?;
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

    /// A form as the object that its schema describes: repeated fields as lists, numbers and truth
    /// values as such.
    fn form(&self, body: &str, schema: &Value) -> Value {
        let mut object = Map::new();
        for (name, value) in url::form_urlencoded::parse(body.as_bytes()) {
            let property = self.resolve(&schema["properties"][&*name]);
            let types = |word: &str| {
                property["type"] == word
                    || property["type"].as_array().is_some_and(|all| all.contains(&json!(word)))
            };
            let typed = if types("integer") || types("number") {
                value.parse::<i64>().map_or_else(|_| json!(value), |number| json!(number))
            } else if types("boolean") {
                value.parse::<bool>().map_or_else(|_| json!(value), |truth| json!(truth))
            } else {
                json!(value)
            };
            if types("array") {
                let list = object.entry(name).or_insert_with(|| json!([]));
                list.as_array_mut().unwrap().push(typed);
            } else {
                let before = object.insert(name.clone().into_owned(), typed);
                assert!(before.is_none(), "{name} is there twice");
            }
        }
        Value::Object(object)
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, mistakes: &mut Vec<String>) {
        let errors = self.validator(schema);
        let errors = errors.iter_errors(value).map(|error| format!("{at}: {error}"));
        mistakes.extend(errors.collect::<Vec<_>>());
    }

    fn validator(&self, schema: &Value) -> Validator {
        // References point into the document, so that is the root.
        let root = json!({ "components": self.document["components"], "allOf": [schema] });
        jsonschema::draft202012::new(&root).unwrap()
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

    /// The documented answers to an operation: status, what the example is called, the example.
    /// Where the document has examples of fields alone, an answer is made of these.
    pub(super) fn answers(&self, method: &str, path: &str) -> Vec<(u16, String, Value)> {
        let (operation, _) = self.operation(method, path).unwrap();
        let mut answers = Vec::new();
        for (status, response) in operation["responses"].as_object().unwrap() {
            let Ok(status) = status.replace("XX", "22").parse::<u16>() else { continue };
            let content = &self.resolve(response)["content"]["application/json"];
            let named = content["examples"].as_object().into_iter().flatten();
            let named: Vec<_> = named
                .map(|(name, one)| (status, name.clone(), self.resolve(one)["value"].clone()))
                .collect();
            if named.is_empty() {
                let example = content.get("example").cloned();
                let example = example.unwrap_or_else(|| self.example(&content["schema"]));
                answers.push((status, "of its fields".to_owned(), example));
            }
            answers.extend(named);
        }
        answers
    }

    /// A value of a schema, made of the examples of its parts.
    fn example(&self, schema: &Value) -> Value {
        let schema = self.resolve(schema);
        if let Some(example) = schema.get("example") {
            return example.clone();
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let objects = parts.iter().map(|part| self.example(part));
            let members = objects.filter_map(|one| one.as_object().cloned()).flatten();
            return Value::Object(members.collect());
        }
        for word in ["oneOf", "anyOf"] {
            if let Some(first) = schema[word].get(0) {
                return self.example(first);
            }
        }
        if let Some(properties) = schema["properties"].as_object() {
            let members = properties.iter().map(|(name, one)| (name.clone(), self.example(one)));
            return Value::Object(members.filter(|(_, value)| !value.is_null()).collect());
        }
        match schema.get("items") {
            Some(items) => json!([self.example(items)]),
            None => schema["enum"].get(0).cloned().unwrap_or(Value::Null),
        }
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
        values.push((name.to_owned(), value.to_owned()));
    }
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

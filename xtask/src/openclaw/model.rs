//! A model that does what it is told by a few rules: no account, no key.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::http::{Answer, Asked, serve};
use crate::step::Failure;

/// What makes the model use its tool, and whom it texts then.
pub(crate) const TEXT_MY_FRIEND: &str = "text my friend";
pub(crate) const FRIEND: &str = "+15550009999";

/// What makes it take its time.
pub(crate) const SLOWLY: &str = "slowly";
const SLOW: Duration = Duration::from_secs(6);

/// A model that answers on this machine, in the manner of OpenAI.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    /// How many pictures it has been shown.
    pictures: usize,
    /// What people have said, as it was given.
    heard: BTreeSet<String>,
    /// What it was told beside that.
    told: BTreeSet<String>,
}

impl Model {
    pub(crate) fn start() -> Result<Self, Failure> {
        let seen = Arc::<Mutex<Seen>>::default();
        let noting = Arc::clone(&seen);
        let address = serve(move |asked| answer(&asked, &noting))?;
        Ok(Self { address, seen })
    }

    pub(crate) fn pictures(&self) -> usize {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).pictures
    }

    /// How often it has been given words.
    pub(crate) fn heard(&self, words: &str) -> usize {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.heard.iter().filter(|heard| heard.contains(words)).count()
    }

    /// Whether the host has told it these words, in whatever place: beside what people say, or
    /// before it.
    pub(crate) fn was_told(&self, words: &str) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.told.iter().any(|told| told.contains(words))
    }
}

fn answer(asked: &Asked, seen: &Mutex<Seen>) -> Answer {
    let request: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    let messages = request.get("messages").and_then(Value::as_array);
    let messages = messages.map(Vec::as_slice).unwrap_or_default();
    // What the host adds comes after a tool's result, and after what a person said.
    let last = messages.iter().rev().find(|message| !is_of_the_host(message));
    let last = last.cloned().unwrap_or_default();
    let (said, pictures) = messages.iter().rev().find_map(of_a_person).unwrap_or_default();
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.pictures += pictures;
    // Texts that came while it was busy are given together.
    seen.heard.extend(messages.iter().filter_map(of_a_person).map(|(said, _)| said));
    seen.told.extend(messages.iter().filter_map(|message| message.get("content")).map(|content| {
        // Lines of the host's own, wherever they stand.
        let lines = text_of(content).0;
        let told = lines.lines().filter(|line| line.contains("System:"));
        told.collect::<Vec<_>>().join("\n")
    }));
    let mut after = Duration::ZERO;
    let delta = if role(&last) == "tool" {
        let result = text_of(last.get("content").unwrap_or(&Value::Null)).0;
        let results = messages.iter().rev().take_while(|message| of_a_person(message).is_none());
        let is_first = results.filter(|message| role(message) == "tool").count() == 1;
        if is_first && tools(&request).contains(&"tool_call") {
            // What was found is called by its name.
            call("tool_call", &json!({ "id": "telephony", "args": errand() }))
        } else {
            let is_sent = result.contains("providerIds") && result.contains("sent");
            json!({ "content": if is_sent { "It is sent." } else { "It did not work." } })
        }
    } else if said.contains(TEXT_MY_FRIEND) {
        first_call(&request)
    } else {
        if said.contains(SLOWLY) {
            after = SLOW;
        }
        // The host puts what it knows before what was said.
        let words = said.rsplit("\n\n").next().unwrap_or_default().trim().to_owned();
        json!({ "content": format!("You said: **{words}**") })
    };
    drop(seen);
    stream(delta, after)
}

/// What a person has said, and how many pictures came along; what the host says is left out.
fn of_a_person(message: &Value) -> Option<(String, usize)> {
    let (text, pictures) = text_of(message.get("content")?);
    let said = text.split("\n\nRuntime: agent=").next().unwrap_or_default().to_owned();
    (role(message) == "user" && !is_of_the_host(message)).then_some((said, pictures))
}

/// Whether the host says this by itself, in the place of a person.
fn is_of_the_host(message: &Value) -> bool {
    let text = message.get("content").map(text_of).unwrap_or_default().0;
    text.trim_start().starts_with("<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>")
}

fn role(message: &Value) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or_default()
}

fn text_of(content: &Value) -> (String, usize) {
    match content {
        Value::String(text) => (text.clone(), 0),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str));
            let is_picture =
                |part: &&Value| part.get("type").and_then(Value::as_str) == Some("image_url");
            (texts.collect::<Vec<_>>().join("\n\n"), parts.iter().filter(is_picture).count())
        }
        _ => (String::new(), 0),
    }
}

/// What the tool is to do.
fn errand() -> Value {
    json!({ "action": "send_sms", "to": FRIEND, "message": "Hello, friend!" })
}

/// The call of the telephony tool: at once where it is shown, else by the search for tools.
fn first_call(request: &Value) -> Value {
    if tools(request).contains(&"telephony") {
        return call("telephony", &errand());
    }
    call("tool_search", &json!({ "query": "telephony send sms text message" }))
}

fn tools(request: &Value) -> Vec<&str> {
    let tools = request.get("tools").and_then(Value::as_array).into_iter().flatten();
    tools.filter_map(|tool| tool.pointer("/function/name").and_then(Value::as_str)).collect()
}

fn call(name: &str, arguments: &Value) -> Value {
    json!({ "tool_calls": [{
        "index": 0, "id": format!("call_{name}"), "type": "function",
        "function": { "name": name, "arguments": arguments.to_string() },
    }] })
}

/// An answer as a stream of events.
fn stream(mut delta: Value, after: Duration) -> Answer {
    let reason = if delta.get("tool_calls").is_some() { "tool_calls" } else { "stop" };
    if let Some(delta) = delta.as_object_mut() {
        delta.insert("role".to_owned(), "assistant".into());
    }
    let chunk = |delta: Value, reason: Value| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": reason });
        let chunk = json!({
            "id": "chunk", "object": "chat.completion.chunk", "created": 1, "model": "stub-1",
            "choices": [choice],
            "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
        });
        format!("data: {chunk}\n\n")
    };
    let body = chunk(delta, Value::Null) + &chunk(json!({}), reason.into()) + "data: [DONE]\n\n";
    Answer { status: 200, content_type: "text/event-stream", body: body.into_bytes(), after }
}

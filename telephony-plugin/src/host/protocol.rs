//! What the gateway's shim and the sidecar say to each other: the parameters and results of each
//! method. `cargo xtask codegen` makes `telephony-plugin/openclaw/src/protocol.gen.ts` of it.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use telephony_core::{AccountId, IdempotencyKey, MessageId, Timestamp};

pub use super::shown::{AccountStatus, Refused};

/// The version of all of this. Both sides must have the same.
pub const PROTOCOL: u32 = 1;

/// The first thing the host says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Initialize {
    /// The host's version of the protocol.
    pub protocol: u32,
    /// The host and its version, for logs.
    pub host: String,
    /// Where everything is kept: a directory of its own for each gateway.
    pub state_dir: String,
    /// The hash of the surfaces that the host has registered.
    pub surfaces_hash: String,
}

/// The answer to [`Initialize`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Initialized {
    /// The sidecar's version of the protocol.
    pub protocol: u32,
    /// The sidecar's version.
    pub version: String,
    /// Its process.
    pub pid: u32,
}

/// An account takes and sends messages from now on, or goes on to with other settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountStart {
    /// The account.
    #[schemars(with = "String")]
    pub account_id: AccountId,
    /// The whole section `channels.telephony`, with its secrets resolved.
    pub config: Value,
}

/// The answer to [`AccountStart`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountStarted {
    /// Where the server listens: `127.0.0.1:3335`.
    pub address: String,
    /// The provider.
    pub provider: String,
    /// The sender, if it has one of its own.
    pub from: Option<String>,
    /// The URL for the carrier's console; the local one where nothing public is configured.
    pub webhook_url: String,
    /// Lines for people: what to set at the carrier.
    pub console: String,
}

/// An account stops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountStop {
    /// The account.
    #[schemars(with = "String")]
    pub account_id: AccountId,
    /// Why.
    pub reason: StopReason,
}

/// Why an account stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StopReason {
    /// It starts again soon: webhooks are taken meanwhile, and kept.
    Restart,
    /// It was switched off.
    Disabled,
    /// It is not in the configuration any more.
    Removed,
}

/// Whether an account works: asked of its carrier, without sending anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OfAccount {
    /// The account.
    #[schemars(with = "String")]
    pub account_id: AccountId,
}

/// The answer to [`OfAccount`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Probed {
    /// Whether the carrier answers and knows us.
    pub ok: bool,
    /// What is wrong and what to do.
    pub error: Option<String>,
    /// How long the carrier took, in milliseconds.
    pub elapsed_ms: u64,
}

/// A text, with pictures or files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendMessage {
    /// Whom it goes to: E.164.
    pub to: String,
    /// The text.
    #[serde(default)]
    pub message: String,
    /// Pictures and files: `https://` URLs, or absolute paths of files of this machine.
    #[serde(default)]
    pub media_urls: Vec<String>,
    /// The account; the default one when it is missing.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub account_id: Option<AccountId>,
    /// The same key with the same message is one send.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub idempotency_key: Option<IdempotencyKey>,
    /// The host's own key of a send that it repeats by itself. Takes the place of the other.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub delivery_queue_id: Option<IdempotencyKey>,
    /// Whether the text is Markdown, of which a phone shows nothing.
    #[serde(default)]
    pub markdown: bool,
    /// The only folders that files may come from, where there are such.
    #[serde(default)]
    pub media_roots: Option<Vec<String>>,
}

/// A text with one picture or file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendMms {
    /// Whom it goes to: E.164.
    pub to: String,
    /// The text.
    #[serde(default)]
    pub message: String,
    /// The picture or file: an `https://` URL, or the absolute path of a file of this machine.
    pub media_url: String,
    /// The account; the default one when it is missing.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub account_id: Option<AccountId>,
    /// The same key with the same message is one send.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub idempotency_key: Option<IdempotencyKey>,
}

/// What became of a send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendResult {
    /// Our id of it.
    #[schemars(with = "String")]
    pub id: MessageId,
    /// The account it went through.
    #[schemars(with = "String")]
    pub account_id: AccountId,
    /// What a host that repeats sends may do now.
    pub outcome: Verdict,
    /// The carrier's ids of the parts that it has.
    pub provider_ids: Vec<String>,
    /// How many parts there are.
    pub parts: u32,
    /// What went wrong and what to do; missing when nothing did.
    pub error: Option<String>,
}

/// What a host that repeats sends may do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing: the carrier has it.
    Sent,
    /// Send it again, after a while: nothing of it has reached the carrier.
    NotSent,
    /// Give it up: the carrier does not take it, and nothing of it was sent.
    Refused,
    /// Ask again with `send.reconcile`: the rest of it can be sent still.
    Partial,
    /// Give it up: whether it was sent is not known, and it must not be sent again.
    Unknown,
}

/// A call that says something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlaceCall {
    /// Whom to call: E.164.
    pub to: String,
    /// What to say; the configured greeting when there is neither this nor a URL.
    #[serde(default)]
    pub message: Option<String>,
    /// What drives the call instead: the URL of a document of the carrier's kind.
    #[serde(default)]
    pub webhook_url: Option<String>,
    /// The account; the default one when it is missing.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub account_id: Option<AccountId>,
    /// The same key with the same call places it once.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub idempotency_key: Option<IdempotencyKey>,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallResult {
    /// Our id of it, or the carrier's of one that we have not placed.
    pub call_id: String,
    /// The carrier's id of it, once it is known.
    pub provider_id: Option<String>,
    /// The account it was placed through.
    #[schemars(with = "String")]
    pub account_id: AccountId,
    /// How far it has come.
    pub status: String,
}

/// Ends a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HangUp {
    /// Our id of it, or the carrier's.
    pub call_id: String,
    /// The account; the default one when it is missing.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub account_id: Option<AccountId>,
}

/// Asks what became of a message or a call, by our id or the carrier's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetStatus {
    /// Our id of it, or the carrier's.
    pub id: String,
    /// The account, where the carrier has to be asked; every one is when it is missing.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub account_id: Option<AccountId>,
}

/// What became of a message or a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The id that was asked for.
    pub id: String,
    /// `message` or `call`.
    pub kind: String,
    /// The account it went through.
    #[schemars(with = "String")]
    pub account_id: AccountId,
    /// In one word: `queued`, `sent`, `delivered`, `undelivered`, `failed`, `completed`, ….
    pub status: String,
    /// Whether it comes from our record, and not from the carrier just now.
    pub recorded: bool,
    /// Its parts or events, as they are known.
    pub detail: Value,
}

/// How the sidecar is, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SidecarStatus {
    /// Its version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// Where it listens.
    pub addresses: Vec<String>,
    /// Its accounts.
    pub accounts: Vec<AccountStatus>,
    /// What leads to it from outside, if that is configured.
    pub tunnel: Option<super::TunnelStatus>,
    /// What became of webhooks so far.
    pub webhooks: Value,
    /// Which webhooks were lately not taken, the latest first; those that are alike are one.
    pub recent_refusals: Vec<Refused>,
    /// How many people are in a turn with the agent.
    pub sessions: u32,
    /// How many may be at once.
    pub max_concurrent_sessions: u32,
    /// How much waits in the inbox, is done, has failed.
    pub inbox: Value,
    /// How much waits to be sent, is unknown, was refused.
    pub outbox: Value,
}

/// A message by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OfMessage {
    /// Our id of it.
    #[schemars(with = "String")]
    pub id: MessageId,
}

/// A message for the agent. The answer comes when the host has taken it or has not; whether it took
/// it is also said by `inbound.adopted`, and that the turn is over by `inbound.settled`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InboundTurn {
    /// The account it came to.
    #[schemars(with = "String")]
    pub account_id: AccountId,
    /// Our id of it, the same each time it is handed over.
    #[schemars(with = "String")]
    pub id: MessageId,
    /// Who sent it: E.164.
    pub from: String,
    /// Our number.
    pub to: String,
    /// The text. What could not be fetched is said in it.
    pub text: String,
    /// Pictures and files that were fetched.
    pub media: Vec<InboundFile>,
    /// When it was received: RFC 3339.
    #[schemars(with = "String")]
    pub received_at: Timestamp,
}

/// A picture or file of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InboundFile {
    /// Where it is, until the answer: the absolute path of a file in the state directory.
    pub path: String,
    /// Its media type, as its first bytes say.
    pub content_type: String,
}

/// The answer to [`InboundTurn`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnTaken {
    /// Whether the host has taken the message over, now or before. Else it comes again.
    pub taken: bool,
}

/// Somebody who texted an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OfSender {
    /// The account that was texted.
    #[schemars(with = "String")]
    pub account_id: AccountId,
    /// Who texted: E.164.
    pub from: String,
}

/// Whether a sender may talk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "decision", rename_all = "lowercase")]
pub enum AccessDecision {
    /// The message goes to the agent.
    Allow,
    /// It is dropped.
    Block {
        /// Why, for the log.
        reason: String,
    },
    /// The sender has to be approved by this code.
    Challenge {
        /// The code.
        code: String,
    },
}

/// Whether a sender is approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approved {
    /// Whether the host lets them talk now.
    pub approved: bool,
}

/// What has become of a message that we sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryUpdated {
    /// The account.
    #[schemars(with = "String")]
    pub account_id: AccountId,
    /// Our id of the message.
    #[schemars(with = "String")]
    pub id: MessageId,
    /// The carrier's id of the part.
    pub provider_id: String,
    /// Whom it is for: E.164.
    pub to: String,
    /// How far the part has come.
    pub status: String,
    /// What went wrong, in the carrier's code.
    pub code: Option<String>,
    /// The same in words, with what to do.
    pub explanation: Option<String>,
    /// Whether the carrier's reports on it contradict each other.
    pub conflicted: bool,
    /// What the agent is told; missing when all is as it expects.
    pub notice: Option<String>,
}

/// Somebody wants no more messages, or wants them again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OptOutUpdated {
    /// The account that they texted.
    #[schemars(with = "String")]
    pub account_id: AccountId,
    /// Who: E.164.
    pub from: String,
    /// Whether they want no more.
    pub opted_out: bool,
    /// What the agent is told.
    pub notice: String,
}

/// What the carrier reported on a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallUpdated {
    /// The account.
    #[schemars(with = "String")]
    pub account_id: AccountId,
    /// Our id of the call.
    pub id: String,
    /// The carrier's id of it.
    pub provider_id: Option<String>,
    /// Whether they call us.
    pub inbound: bool,
    /// Who is called, or calls: E.164; nothing of somebody who hides it.
    pub number: Option<String>,
    /// How far it has come.
    pub status: String,
    /// What the agent is told, where it has to know.
    pub notice: Option<String>,
}

/// What the agent asks its tool for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UseTool {
    /// The call, as no other is called: asked for twice, it is one send.
    pub call: String,
    /// What the model wrote.
    pub input: Value,
    /// The account of the conversation, where the model names none.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub account_id: Option<AccountId>,
    /// The only folders that files may come from.
    #[serde(default)]
    pub media_roots: Vec<String>,
}

/// What the model is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolAnswer {
    /// What came of it.
    pub details: Value,
}

/// A command that somebody has typed behind `openclaw telephony`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunCommand {
    /// Its name.
    pub command: String,
    /// The words behind it.
    #[serde(default)]
    pub words: Vec<String>,
    /// Its options, by their long names.
    #[serde(default)]
    pub options: Value,
    /// The accounts of the configuration.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub accounts: Vec<AccountId>,
    /// What the doctor looks at of the host's own configuration.
    #[serde(default)]
    pub settings: HostSettings,
}

/// Keys of the host's configuration as they are set, if they are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostSettings {
    /// `session.dmScope`.
    #[serde(default)]
    pub dm_scope: Value,
    /// `agents.defaults.heartbeat.every`.
    #[serde(default)]
    pub heartbeat: Value,
    /// `commands.ownerAllowFrom`.
    #[serde(default)]
    pub owner_allow_from: Value,
}

/// What a command prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandOutput {
    /// On standard output.
    pub text: String,
    /// The code that it ends with.
    pub exit_code: u8,
}

/// Nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Nothing {}

/// Who asks, and whether an answer is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The host asks the sidecar.
    ToSidecar,
    /// The sidecar asks the host.
    ToHost,
    /// The sidecar tells the host.
    Notification,
}

/// One method of the protocol.
#[derive(Debug, Clone)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// Who asks whom.
    pub direction: Direction,
    /// The schema of its parameters.
    pub params: Schema,
    /// The schema of its result.
    pub result: Schema,
}

/// All methods; the schemas of what they take and give are collected in `generator`.
pub fn methods(generator: &mut SchemaGenerator) -> Vec<Method> {
    let mut methods = Vec::new();
    macro_rules! method {
        ($direction:ident $name:literal, $params:ty => $result:ty) => {
            methods.push(Method {
                name: $name,
                direction: Direction::$direction,
                params: generator.subschema_for::<$params>(),
                result: generator.subschema_for::<$result>(),
            });
        };
    }
    method!(ToSidecar "initialize", Initialize => Initialized);
    method!(ToSidecar "shutdown", Nothing => Nothing);
    method!(ToSidecar "account.start", AccountStart => AccountStarted);
    method!(ToSidecar "account.stop", AccountStop => Nothing);
    method!(ToSidecar "account.probe", OfAccount => Probed);
    method!(ToSidecar "inbound.adopted", OfMessage => Nothing);
    method!(ToSidecar "inbound.settled", OfMessage => Nothing);
    method!(ToSidecar "access.notify", OfSender => Nothing);
    method!(ToSidecar "send.reconcile", SendMessage => SendResult);
    method!(ToSidecar "telephony.send", SendMessage => SendResult);
    method!(ToSidecar "telephony.send_mms", SendMms => SendResult);
    method!(ToSidecar "telephony.call", PlaceCall => CallResult);
    method!(ToSidecar "telephony.hangup", HangUp => CallResult);
    method!(ToSidecar "telephony.message_status", GetStatus => Status);
    method!(ToSidecar "telephony.tool", UseTool => ToolAnswer);
    method!(ToSidecar "telephony.command", RunCommand => CommandOutput);
    method!(ToSidecar "telephony.status", Nothing => SidecarStatus);
    method!(ToHost "access.check", OfSender => AccessDecision);
    method!(ToHost "access.approved", OfSender => Approved);
    method!(ToHost "inbound.message", InboundTurn => TurnTaken);
    method!(Notification "account.status", AccountStatus => Nothing);
    method!(Notification "delivery.updated", DeliveryUpdated => Nothing);
    method!(Notification "optout.updated", OptOutUpdated => Nothing);
    method!(Notification "call.updated", CallUpdated => Nothing);
    methods
}

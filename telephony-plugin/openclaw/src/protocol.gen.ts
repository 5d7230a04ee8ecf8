// Made by `cargo xtask codegen` from telephony-plugin/src/host/protocol.rs. Change that.

/** The version of all of this. Both sides must have the same. */
export const PROTOCOL = 1;

/** The first thing the host says. */
export interface Initialize {
  /** The host's version of the protocol. */
  protocol: number;
  /** The host and its version, for logs. */
  host: string;
  /** Where everything is kept: a directory of its own for each gateway. */
  stateDir: string;
  /** The hash of the surfaces that the host has registered. */
  surfacesHash: string;
}

/** The answer to {@link Initialize}. */
export interface Initialized {
  /** The sidecar's version of the protocol. */
  protocol: number;
  /** The sidecar's version. */
  version: string;
  /** Its process. */
  pid: number;
}

/** Nothing. */
export type Nothing = Record<string, never>;

/** An account takes and sends messages from now on, or goes on to with other settings. */
export interface AccountStart {
  /** The account. */
  accountId: string;
  /** The whole section `channels.telephony`, with its secrets resolved. */
  config: unknown;
}

/** The answer to {@link AccountStart}. */
export interface AccountStarted {
  /** Where the server listens: `127.0.0.1:3335`. */
  address: string;
  /** The provider. */
  provider: string;
  /** The sender, if it has one of its own. */
  from: string | null;
  /** The URL for the carrier's console; the local one where nothing public is configured. */
  webhookUrl: string;
  /** Lines for people: what to set at the carrier. */
  console: string;
}

/** An account stops. */
export interface AccountStop {
  /** The account. */
  accountId: string;
  /** Why. */
  reason: StopReason;
}

/** Why an account stops. */
export type StopReason = "restart" | "disabled" | "removed";

/** Whether an account works: asked of its carrier, without sending anything. */
export interface OfAccount {
  /** The account. */
  accountId: string;
}

/** The answer to {@link OfAccount}. */
export interface Probed {
  /** Whether the carrier answers and knows us. */
  ok: boolean;
  /** What is wrong and what to do. */
  error: string | null;
  /** How long the carrier took, in milliseconds. */
  elapsedMs: number;
}

/** A message by its id. */
export interface OfMessage {
  /** Our id of it. */
  id: string;
}

/** Somebody who texted an account. */
export interface OfSender {
  /** The account that was texted. */
  accountId: string;
  /** Who texted: E.164. */
  from: string;
}

/** A text, with pictures or files. */
export interface SendMessage {
  /** Whom it goes to: E.164. */
  to: string;
  /** The text. */
  message?: string;
  /** Pictures and files: `https://` URLs, or absolute paths of files of this machine. */
  mediaUrls?: Array<string>;
  /** The account; the default one when it is missing. */
  accountId?: string | null;
  /** The same key with the same message is one send. */
  idempotencyKey?: string | null;
  /** The host's own key of a send that it repeats by itself. Takes the place of the other. */
  deliveryQueueId?: string | null;
  /** Whether the text is Markdown, of which a phone shows nothing. */
  markdown?: boolean;
  /** The only folders that files may come from, where there are such. */
  mediaRoots?: Array<string> | null;
}

/** What became of a send. */
export interface SendResult {
  /** Our id of it. */
  id: string;
  /** The account it went through. */
  accountId: string;
  /** What a host that repeats sends may do now. */
  outcome: Verdict;
  /** The carrier's ids of the parts that it has. */
  providerIds: Array<string>;
  /** How many parts there are. */
  parts: number;
  /** What went wrong and what to do; missing when nothing did. */
  error: string | null;
}

/** What a host that repeats sends may do now. */
export type Verdict = "sent" | "not_sent" | "refused" | "partial" | "unknown";

/** A text with one picture or file. */
export interface SendMms {
  /** Whom it goes to: E.164. */
  to: string;
  /** The text. */
  message?: string;
  /** The picture or file: an `https://` URL, or the absolute path of a file of this machine. */
  mediaUrl: string;
  /** The account; the default one when it is missing. */
  accountId?: string | null;
  /** The same key with the same message is one send. */
  idempotencyKey?: string | null;
}

/** A call that says something. */
export interface PlaceCall {
  /** Whom to call: E.164. */
  to: string;
  /** What to say; the configured greeting when there is neither this nor a URL. */
  message?: string | null;
  /** What drives the call instead: the URL of a document of the carrier's kind. */
  webhookUrl?: string | null;
  /** The account; the default one when it is missing. */
  accountId?: string | null;
  /** The same key with the same call places it once. */
  idempotencyKey?: string | null;
}

/** What became of a call. */
export interface CallResult {
  /** Our id of it, or the carrier's of one that we have not placed. */
  callId: string;
  /** The carrier's id of it, once it is known. */
  providerId: string | null;
  /** The account it was placed through. */
  accountId: string;
  /** How far it has come. */
  status: string;
}

/** Ends a call. */
export interface HangUp {
  /** Our id of it, or the carrier's. */
  callId: string;
  /** The account; the default one when it is missing. */
  accountId?: string | null;
}

/** Asks what became of a message or a call, by our id or the carrier's. */
export interface GetStatus {
  /** Our id of it, or the carrier's. */
  id: string;
  /** The account, where the carrier has to be asked; every one is when it is missing. */
  accountId?: string | null;
}

/** What became of a message or a call. */
export interface Status {
  /** The id that was asked for. */
  id: string;
  /** `message` or `call`. */
  kind: string;
  /** The account it went through. */
  accountId: string;
  /** In one word: `queued`, `sent`, `delivered`, `undelivered`, `failed`, `completed`, …. */
  status: string;
  /** Whether it comes from our record, and not from the carrier just now. */
  recorded: boolean;
  /** Its parts or events, as they are known. */
  detail: unknown;
}

/** What the agent asks its tool for. */
export interface UseTool {
  /** The call, as no other is called: asked for twice, it is one send. */
  call: string;
  /** What the model wrote. */
  input: unknown;
  /** The account of the conversation, where the model names none. */
  accountId?: string | null;
  /** The only folders that files may come from. */
  mediaRoots?: Array<string>;
}

/** What the model is told. */
export interface ToolAnswer {
  /** What came of it. */
  details: unknown;
}

/** A command that somebody has typed behind `openclaw telephony`. */
export interface RunCommand {
  /** Its name. */
  command: string;
  /** The words behind it. */
  words?: Array<string>;
  /** Its options, by their long names. */
  options?: unknown;
  /** The accounts of the configuration. */
  accounts?: Array<string>;
  /** What the doctor looks at of the host's own configuration. */
  settings?: HostSettings;
}

/** Keys of the host's configuration as they are set, if they are. */
export interface HostSettings {
  /** `session.dmScope`. */
  dmScope?: unknown;
  /** `agents.defaults.heartbeat.every`. */
  heartbeat?: unknown;
  /** `commands.ownerAllowFrom`. */
  ownerAllowFrom?: unknown;
}

/** What a command prints. */
export interface CommandOutput {
  /** On standard output. */
  text: string;
  /** The code that it ends with. */
  exitCode: number;
}

/** How the sidecar is, for people. */
export interface SidecarStatus {
  /** Its version. */
  version: string;
  /** Its process. */
  pid: number;
  /** Where it listens. */
  addresses: Array<string>;
  /** Its accounts. */
  accounts: Array<AccountStatus>;
  /** What leads to it from outside, if that is configured. */
  tunnel: TunnelStatus | null;
  /** What became of webhooks so far. */
  webhooks: unknown;
  /** Which webhooks were lately not taken, the latest first; those that are alike are one. */
  recentRefusals: Array<Refused>;
  /** How many people are in a turn with the agent. */
  sessions: number;
  /** How many may be at once. */
  maxConcurrentSessions: number;
  /** How much waits in the inbox, is done, has failed. */
  inbox: unknown;
  /** How much waits to be sent, is unknown, was refused. */
  outbox: unknown;
}

/** How an account is. Also told to the host when it changes. */
export interface AccountStatus {
  /** The account. */
  accountId: string;
  /** The provider. */
  provider: string;
  /** The sender, if it has one of its own. */
  from: string | null;
  /** Whether it is started; else it waits for a restart. */
  running: boolean;
  /** The URL for the carrier's console. */
  webhookUrl: string;
  /** When a message last came: RFC 3339. */
  lastInboundAt: string | null;
  /** When a message last went out: RFC 3339. */
  lastOutboundAt: string | null;
}

/** How the tunnel is. */
export interface TunnelStatus {
  /** `tunnel.provider`. */
  provider: string;
  /** `starting`, `up` or `down`. */
  state: string;
  /** Where it leads from, the last that is known; without a path. */
  url: string | null;
  /** Why it is not up, and what to do. */
  error: string | null;
}

/** A webhook that was not taken, or several that were alike. */
export interface Refused {
  /** When the last of them came: RFC 3339. */
  at: string;
  /** The path it was for. */
  path: string;
  /** Why it was not taken. */
  reason: string;
  /** What to change. */
  advice: string;
  /** The address that the last of them came from. */
  peer: string;
  /** How many there were. */
  count: number;
}

/** Whether a sender may talk. */
export type AccessDecision = {
  decision: "allow";
} | {
  decision: "block";
  /** Why, for the log. */
  reason: string;
} | {
  decision: "challenge";
  /** The code. */
  code: string;
};

/** Whether a sender is approved. */
export interface Approved {
  /** Whether the host lets them talk now. */
  approved: boolean;
}

/** A message for the agent. The answer comes when the host has taken it or has not; whether it took it is also said by `inbound.adopted`, and that the turn is over by `inbound.settled`. */
export interface InboundTurn {
  /** The account it came to. */
  accountId: string;
  /** Our id of it, the same each time it is handed over. */
  id: string;
  /** Who sent it: E.164. */
  from: string;
  /** Our number. */
  to: string;
  /** The text. What could not be fetched is said in it. */
  text: string;
  /** Pictures and files that were fetched. */
  media: Array<InboundFile>;
  /** When it was received: RFC 3339. */
  receivedAt: string;
}

/** A picture or file of a message. */
export interface InboundFile {
  /** Where it is, until the answer: the absolute path of a file in the state directory. */
  path: string;
  /** Its media type, as its first bytes say. */
  contentType: string;
}

/** The answer to {@link InboundTurn}. */
export interface TurnTaken {
  /** Whether the host has taken the message over, now or before. Else it comes again. */
  taken: boolean;
}

/** What has become of a message that we sent. */
export interface DeliveryUpdated {
  /** The account. */
  accountId: string;
  /** Our id of the message. */
  id: string;
  /** The carrier's id of the part. */
  providerId: string;
  /** Whom it is for: E.164. */
  to: string;
  /** How far the part has come. */
  status: string;
  /** What went wrong, in the carrier's code. */
  code: string | null;
  /** The same in words, with what to do. */
  explanation: string | null;
  /** Whether the carrier's reports on it contradict each other. */
  conflicted: boolean;
  /** What the agent is told; missing when all is as it expects. */
  notice: string | null;
}

/** Somebody wants no more messages, or wants them again. */
export interface OptOutUpdated {
  /** The account that they texted. */
  accountId: string;
  /** Who: E.164. */
  from: string;
  /** Whether they want no more. */
  optedOut: boolean;
  /** What the agent is told. */
  notice: string;
}

/** What the carrier reported on a call. */
export interface CallUpdated {
  /** The account. */
  accountId: string;
  /** Our id of the call. */
  id: string;
  /** The carrier's id of it. */
  providerId: string | null;
  /** Whether they call us. */
  inbound: boolean;
  /** Who is called, or calls: E.164; nothing of somebody who hides it. */
  number: string | null;
  /** How far it has come. */
  status: string;
  /** What the agent is told, where it has to know. */
  notice: string | null;
}

/** What the plugin asks the sidecar. */
export interface SidecarMethods {
  "initialize": { params: Initialize; result: Initialized };
  "shutdown": { params: Nothing; result: Nothing };
  "account.start": { params: AccountStart; result: AccountStarted };
  "account.stop": { params: AccountStop; result: Nothing };
  "account.probe": { params: OfAccount; result: Probed };
  "inbound.adopted": { params: OfMessage; result: Nothing };
  "inbound.settled": { params: OfMessage; result: Nothing };
  "access.notify": { params: OfSender; result: Nothing };
  "send.reconcile": { params: SendMessage; result: SendResult };
  "telephony.send": { params: SendMessage; result: SendResult };
  "telephony.send_mms": { params: SendMms; result: SendResult };
  "telephony.call": { params: PlaceCall; result: CallResult };
  "telephony.hangup": { params: HangUp; result: CallResult };
  "telephony.message_status": { params: GetStatus; result: Status };
  "telephony.tool": { params: UseTool; result: ToolAnswer };
  "telephony.command": { params: RunCommand; result: CommandOutput };
  "telephony.status": { params: Nothing; result: SidecarStatus };
}

/** What the sidecar asks the plugin. */
export interface HostMethods {
  "access.check": { params: OfSender; result: AccessDecision };
  "access.approved": { params: OfSender; result: Approved };
  "inbound.message": { params: InboundTurn; result: TurnTaken };
}

/** What the sidecar tells the plugin. */
export interface Notifications {
  "account.status": { params: AccountStatus; result: Nothing };
  "delivery.updated": { params: DeliveryUpdated; result: Nothing };
  "optout.updated": { params: OptOutUpdated; result: Nothing };
  "call.updated": { params: CallUpdated; result: Nothing };
}

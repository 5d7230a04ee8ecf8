// A text on its way in: who may talk, as the host decides it, and the turn of the agent.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { toInboundMediaFacts } from "openclaw/plugin-sdk/channel-inbound";
import type { OpenClawConfig } from "openclaw/plugin-sdk/channel-core";
import { CHANNEL, type TelephonyAccount } from "./accounts.ts";
import type { Log } from "./log.ts";
import { sendOutgoing } from "./message.ts";
import type { AccessDecision, InboundTurn, TurnTaken } from "./protocol.gen.ts";
import type { ChannelRuntime } from "./runtime.ts";
import type { Sidecar } from "./sidecar.ts";

/** A megabyte, as configurations count. */
const MEGABYTE = 1_000_000;

export interface InboundContext {
  readonly cfg: OpenClawConfig;
  readonly account: TelephonyAccount;
  readonly runtime: ChannelRuntime;
  readonly sidecar: Sidecar;
  readonly log: Log;
}

interface Binding {
  readonly agentId: string;
  readonly sessionKey: string;
  readonly messageId: string;
}

/** What the host says of a sender: step 1 of a turn, and again once the turn has its session. */
async function authorize({ cfg, account, runtime }: InboundContext, from: string, text: string, binding?: Binding) {
  const { accountId } = account;
  const isCommand = runtime.commands.shouldComputeCommandAuthorized(text, cfg);
  return await runtime.inbound.ingress.resolveStable({
    channelId: CHANNEL,
    accountId,
    cfg,
    identity: { key: "phone", entryIdPrefix: "telephony-entry" },
    readStoreAllowFrom: () => runtime.pairing.readAllowFromStore({ channel: CHANNEL, accountId }),
    subject: { stableId: from },
    conversation: { kind: "direct", id: from },
    ...(binding ? { contextBinding: { ...binding, inboundEventKind: "user_request" as const } } : {}),
    event: { mayPair: true },
    dmPolicy: account.policy,
    allowFrom: [...account.allowFrom],
    ...(isCommand ? { command: { cfg, modeWhenAccessGroupsOff: "configured" as const } } : {}),
  });
}

/** Whether a sender may talk. A stranger gets a code of the host's; the sidecar texts it. */
export async function checkAccess(context: InboundContext, from: string): Promise<AccessDecision> {
  const { account, runtime } = context;
  const { senderAccess } = await authorize(context, from, "");
  if (senderAccess.allowed) return { decision: "allow" };
  if (senderAccess.decision !== "pairing") return { decision: "block", reason: senderAccess.reasonCode };
  const { accountId } = account;
  const { code } = await runtime.pairing.upsertPairingRequest({ channel: CHANNEL, accountId, id: from });
  // The host has room for few who wait.
  return code ? { decision: "challenge", code } : { decision: "block", reason: "too many wait for approval" };
}

/** Whether somebody who was challenged has been approved. */
export async function isApproved({ account, runtime }: InboundContext, from: string): Promise<boolean> {
  const { accountId } = account;
  return (await runtime.pairing.readAllowFromStore({ channel: CHANNEL, accountId })).includes(from);
}

/** Runs the agent's turn for a message. */
export async function takeTurn(context: InboundContext, message: InboundTurn): Promise<TurnTaken> {
  const { sidecar, log } = context;
  const { id } = message;
  const settle = once(() => {
    sidecar.call("inbound.settled", { id }).catch((error: Error) => log.warn(`telephony: ${error.message}`));
  });
  let taken = true;
  let isDeferred = false;
  const settled = Promise.withResolvers<void>();
  try {
    await run(context, message, {
      admission: "exclusive",
      // Waited for before the model runs: from here on the message is the host's.
      onAdopted: async () => {
        await sidecar.call("inbound.adopted", { id });
      },
      onDeferred: () => {
        isDeferred = true;
      },
      onAbandoned: () => {
        taken = false;
      },
      onSettled: () => settled.resolve(),
    });
    // A message that the host knows already ends the run at once, without any of these.
    if (isDeferred) await settled.promise;
    return { taken };
  } finally {
    settle();
  }
}

type Lifecycle = NonNullable<Parameters<ChannelRuntime["inbound"]["run"]>[0]["turnAdoptionLifecycle"]>;

async function run(context: InboundContext, message: InboundTurn, turnAdoptionLifecycle: Lifecycle): Promise<void> {
  const { cfg, account, runtime, log } = context;
  const { accountId } = account;
  const { from, text } = message;
  const route = runtime.routing.resolveAgentRoute({ cfg, channel: CHANNEL, accountId, peer: { kind: "direct", id: from } });
  const { agentId, sessionKey } = route;
  const access = await authorize(context, from, text, { agentId, sessionKey, messageId: message.id });
  if (!access.senderAccess.allowed) throw new Error("the sender may not talk any more");
  const media = await saveMedia(context, message);
  const isCommand = runtime.commands.isControlCommandMessage(text, cfg);
  const { requested, authorized } = access.commandAccess;
  await runtime.inbound.run({
    channel: CHANNEL,
    accountId,
    raw: message,
    turnAdoptionLifecycle,
    adapter: {
      ingest: (raw) => ({
        id: raw.id,
        timestamp: Date.parse(raw.receivedAt),
        rawText: raw.text,
        textForAgent: raw.text,
        textForCommands: raw.text,
        raw,
      }),
      resolveTurn: (input) => {
        const ctxPayload = runtime.inbound.buildContext({
          channelIngress: access,
          channel: CHANNEL,
          accountId,
          messageId: input.id,
          ...(input.timestamp === undefined ? {} : { timestamp: input.timestamp }),
          from: `${CHANNEL}:${from}`,
          sender: { id: from, name: from },
          conversation: { kind: "direct", id: from, label: from },
          route: { agentId, accountId, routeSessionKey: sessionKey, dispatchSessionKey: sessionKey },
          reply: { to: `${CHANNEL}:${from}` },
          message: { rawBody: text, commandBody: text, bodyForAgent: text },
          media,
          ...(requested ? { access: { commands: { authorized } } } : {}),
          ...(isCommand ? { command: { kind: "text-slash" as const, body: text, authorized } } : {}),
          extra: { MessageSid: message.id, SenderE164: from, To: message.to },
        });
        return {
          cfg,
          channel: CHANNEL,
          accountId,
          route: { agentId, sessionKey },
          ctxPayload,
          delivery: {
            durable: () => ({ to: from, replyToId: null, threadId: null }),
            // Notices of the host come without a key; they are sent once and not repeated.
            deliver: async (payload) => {
              if (!payload.text && !payload.mediaUrl) return { visibleReplySent: false };
              const { receipt } = await sendOutgoing({ to: from, text: payload.text ?? "", mediaUrl: payload.mediaUrl, accountId });
              return { visibleReplySent: true, receipt };
            },
          },
        };
      },
    },
  }).catch((error: unknown) => {
    log.warn(`telephony: the turn of ${message.id} failed: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  });
}

/** Gives the host copies of its own of what came along. */
async function saveMedia({ account, runtime }: InboundContext, message: InboundTurn) {
  const saved = message.media.map(async (file) => {
    const name = path.basename(file.path);
    const most = account.mediaMaxMb * MEGABYTE;
    const copy = await runtime.media.saveMediaBuffer(await readFile(file.path), file.contentType, "inbound", most, name);
    return { path: copy.path, contentType: copy.contentType ?? file.contentType, messageId: message.id };
  });
  return toInboundMediaFacts(await Promise.all(saved));
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}

// A text on its way in: who may talk, as the host decides it, and the turn of the agent.
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { OpenClawConfig } from "openclaw/plugin-sdk/channel-core";
import { toInboundMediaFacts } from "openclaw/plugin-sdk/channel-inbound";
import { CHANNEL, type TelephonyAccount } from "./accounts.ts";
import type { Log } from "./log.ts";
import { sendOutgoing } from "./message.ts";
import type { AccessDecision, InboundTurn, TurnTaken } from "./protocol.gen.ts";
import { type ChannelRuntime, getRuntime } from "./runtime.ts";
import type { Call } from "./sidecar.ts";
import { messageOf } from "./transport.ts";

/** A megabyte, as configurations count. */
const MEGABYTE = 1_000_000;

/** What is used of the gateway's helpers for channels. */
export type InboundRuntime = Pick<ChannelRuntime, "commands" | "inbound" | "media" | "pairing" | "routing">;

export interface InboundContext {
  readonly cfg: OpenClawConfig;
  readonly account: TelephonyAccount;
  readonly runtime: InboundRuntime;
  readonly log: Log;
}

type Binding = Readonly<Record<"agentId" | "sessionKey" | "messageId", string>>;

/** What the host says of a sender: before a turn, and again once the turn has its session. */
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
    ...(binding ? { contextBinding: { ...binding, inboundEventKind: "user_request" } } : {}),
    event: { mayPair: true },
    dmPolicy: account.policy,
    allowFrom: [...account.allowFrom],
    ...(isCommand ? { command: { cfg, modeWhenAccessGroupsOff: "configured" } } : {}),
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

/** Runs the agent's turn for a message, and says once that it is over. */
export async function takeTurn(context: InboundContext, message: InboundTurn, call: Call): Promise<TurnTaken> {
  const { id } = message;
  let taken = true;
  let isDeferred = false;
  const settled = Promise.withResolvers<void>();
  try {
    await run(context, message, {
      admission: "exclusive",
      // Waited for before the model runs: from here on the message is the host's.
      onAdopted: async () => void (await call("inbound.adopted", { id })),
      onDeferred: () => void (isDeferred = true),
      onAbandoned: () => void (taken = false),
      onSettled: () => settled.resolve(),
    });
    // A message that the host knows already ends the run at once, without any of these.
    if (isDeferred) await settled.promise;
    return { taken };
  } catch (error) {
    context.log.warn(`telephony: the turn of ${id} failed: ${messageOf(error)}`);
    throw error;
  } finally {
    call("inbound.settled", { id }).catch((error: unknown) => context.log.warn(`telephony: ${messageOf(error)}`));
  }
}

/** Tells the agent of somebody's conversation, who reads it with their next text and is not asked for an answer. */
export function tellAgent({ cfg, account, runtime }: InboundContext, number: string, notice: string): void {
  const { accountId } = account;
  const peer = { kind: "direct", id: number } as const;
  const { agentId, sessionKey } = runtime.routing.resolveAgentRoute({ cfg, channel: CHANNEL, accountId, peer });
  getRuntime().system.enqueueSystemEvent(notice, { agentId, sessionKey });
}

type Lifecycle = NonNullable<Parameters<ChannelRuntime["inbound"]["run"]>[0]["turnAdoptionLifecycle"]>;

async function run(context: InboundContext, message: InboundTurn, turnAdoptionLifecycle: Lifecycle): Promise<void> {
  const { cfg, account, runtime } = context;
  const { accountId } = account;
  const { from, text } = message;
  const peer = { kind: "direct", id: from } as const;
  const { agentId, sessionKey } = runtime.routing.resolveAgentRoute({ cfg, channel: CHANNEL, accountId, peer });
  const access = await authorize(context, from, text, { agentId, sessionKey, messageId: message.id });
  if (!access.senderAccess.allowed) throw new Error("the sender may not talk any more");
  const media = await saveMedia(context, message);
  const isCommand = runtime.commands.isControlCommandMessage(text, cfg);
  const { requested, authorized } = access.commandAccess;
  const address = `${CHANNEL}:${from}`;
  const timestamp = Date.parse(message.receivedAt);
  await runtime.inbound.run({
    channel: CHANNEL,
    accountId,
    raw: message,
    turnAdoptionLifecycle,
    adapter: {
      ingest: (raw) => ({ id: raw.id, timestamp, rawText: text, textForAgent: text, textForCommands: text, raw }),
      resolveTurn: () => ({
        cfg,
        channel: CHANNEL,
        accountId,
        route: { agentId, sessionKey },
        ctxPayload: runtime.inbound.buildContext({
          channelIngress: access,
          channel: CHANNEL,
          accountId,
          messageId: message.id,
          timestamp,
          from: address,
          sender: { id: from, name: from },
          conversation: { kind: "direct", id: from, label: from },
          route: { agentId, accountId, routeSessionKey: sessionKey, dispatchSessionKey: sessionKey },
          reply: { to: address },
          message: { rawBody: text, commandBody: text, bodyForAgent: text },
          media,
          ...(requested ? { access: { commands: { authorized } } } : {}),
          ...(isCommand ? { command: { kind: "text-slash", body: text, authorized } } : {}),
          extra: { MessageSid: message.id, SenderE164: from, To: message.to },
        }),
        delivery: {
          durable: () => ({ to: from, replyToId: null, threadId: null }),
          // Notices of the host come without a key; they are sent once and not repeated.
          deliver: async ({ text = "", mediaUrl, mediaUrls = mediaUrl ? [mediaUrl] : [] }) => {
            const isEmpty = text.trim() === "" && mediaUrls.length === 0;
            if (!isEmpty) await sendOutgoing({ to: from, text, mediaUrls, accountId });
            return { visibleReplySent: !isEmpty };
          },
        },
      }),
    },
  });
}

/** Gives the host copies of its own of what came along: ours go when the sidecar is answered. */
async function saveMedia({ account, runtime }: InboundContext, message: InboundTurn) {
  const saved = message.media.map(async (file) => {
    const most = account.mediaMaxMb * MEGABYTE;
    const bytes = await readFile(file.path);
    const copy = await runtime.media.saveMediaBuffer(bytes, file.contentType, "inbound", most, path.basename(file.path));
    return { path: copy.path, contentType: copy.contentType ?? file.contentType, messageId: message.id };
  });
  return toInboundMediaFacts(await Promise.all(saved));
}

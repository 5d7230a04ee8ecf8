// What the agent says, on its way out: through the host's durable queue, to the sidecar.
import { defineChannelMessageAdapter } from "openclaw/plugin-sdk/channel-outbound";
import { getAgentScopedMediaLocalRoots } from "openclaw/plugin-sdk/media-local-roots";
import { CHANNEL, normalizeNumber } from "./accounts.ts";
import { notDispatched, receiptOf, reconciliationError, reconciliationOf, sendError } from "./outcome.ts";
import type { Kind, Reconciliation, Sent } from "./outcome.ts";
import type { SendMessage } from "./protocol.gen.ts";
import { callSidecar, currentSidecar } from "./slot.ts";

interface Outgoing {
  readonly to: string;
  readonly text: string;
  readonly mediaUrl?: string | undefined;
  readonly mediaUrls?: readonly string[] | undefined;
  readonly accountId?: string | null | undefined;
  readonly deliveryQueueId?: string | undefined;
  readonly deliveryPartIndex?: number | undefined;
  readonly deliveryPartCount?: number | undefined;
  readonly mediaLocalRoots?: readonly string[] | undefined;
  readonly onPlatformSendDispatch?: (() => Promise<void>) | undefined;
}

/** Sends, and waits for what comes of it. */
export async function sendOutgoing(message: Outgoing): Promise<Sent & { channel: string; chatId: string }> {
  const params = paramsOf(message);
  if (params === undefined) throw notDispatched("expected a number in E.164 form: +, country code, number", false);
  const failed = (error: unknown): never => {
    throw sendError(error);
  };
  const sidecar = await Promise.resolve().then(currentSidecar).catch(failed);
  // From here on the send counts as begun; what the host throws is the host's to have.
  await message.onPlatformSendDispatch?.();
  const result = await sidecar.call("telephony.send", params).catch(failed);
  return { channel: CHANNEL, chatId: params.to, ...receiptOf(result, params.to, kindOf(params)) };
}

const kindOf = ({ mediaUrls }: SendMessage): Kind => (mediaUrls?.length ? "media" : "text");

/** What the sidecar is asked, first and again alike: it compares. Each part has a key of its own. */
function paramsOf(message: Outgoing): SendMessage | undefined {
  const { mediaUrl, mediaUrls = mediaUrl ? [mediaUrl] : [], mediaLocalRoots, accountId = null } = message;
  const { deliveryQueueId: queueId, deliveryPartCount = 1, deliveryPartIndex = 0 } = message;
  const to = normalizeNumber(message.to);
  if (to === undefined) return undefined;
  const deliveryQueueId = (deliveryPartCount > 1 ? queueId && `${queueId}.${deliveryPartIndex}` : queueId) ?? null;
  const asked = { to, message: message.text, mediaUrls: [...mediaUrls], accountId, deliveryQueueId, markdown: true };
  return mediaLocalRoots ? { ...asked, mediaRoots: [...mediaLocalRoots] } : asked;
}

type Durable = NonNullable<Parameters<typeof defineChannelMessageAdapter>[0]["durableFinal"]>;
type Lost = Parameters<NonNullable<Durable["reconcileUnknownSend"]>>[0];

/** Answers what became of a send. What never began goes out under the same key, and is then told as sent. */
export async function reconcile({ cfg, to, accountId, queueId, payloads: [payload] }: Lost): Promise<Reconciliation> {
  const media = payload?.mediaUrls ?? (payload?.mediaUrl ? [payload.mediaUrl] : []);
  let last: Reconciliation = { status: "unresolved", retryable: false, error: "there is nothing to send" };
  // Which agent it was of is not said: files go out from the folders that every agent has.
  const part = { to, accountId, deliveryQueueId: queueId, mediaLocalRoots: getAgentScopedMediaLocalRoots(cfg) };
  const deliveryPartCount = Math.max(media.length, 1);
  for (let index = 0; index < deliveryPartCount; index++) {
    const text = index === 0 ? (payload?.text ?? "") : "";
    const params = paramsOf({ ...part, text, mediaUrl: media[index], deliveryPartIndex: index, deliveryPartCount });
    if (params === undefined || payload === undefined) return last;
    try {
      last = reconciliationOf(await callSidecar("send.reconcile", params), params.to, kindOf(params));
    } catch (error) {
      return reconciliationError(error);
    }
    if (last.status !== "sent") return last;
  }
  return last;
}

export const messageAdapter = defineChannelMessageAdapter({
  id: CHANNEL,
  durableFinal: {
    capabilities: { text: true, media: true, messageSendingHooks: true, reconcileUnknownSend: true },
    automaticUnknownSendReconciliation: true,
    reconcileUnknownSendKinds: { text: true, media: true },
    reconcileUnknownSend: reconcile,
  },
  send: { text: sendOutgoing, media: sendOutgoing },
});

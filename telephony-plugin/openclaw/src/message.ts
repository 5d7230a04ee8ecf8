// What the agent says, on its way out: through the host's durable queue, to the sidecar.
import { defineChannelMessageAdapter } from "openclaw/plugin-sdk/channel-outbound";
import { CHANNEL, normalizeNumber } from "./accounts.ts";
import { notDispatched, receiptOf, reconciliationError, reconciliationOf, sendError } from "./outcome.ts";
import type { Kind, Reconciliation, Sent } from "./outcome.ts";
import type { SendMessage } from "./protocol.gen.ts";
import { currentSidecar } from "./slot.ts";

interface Outgoing {
  readonly to: string;
  readonly text: string;
  readonly mediaUrl?: string | undefined;
  readonly accountId?: string | null | undefined;
  readonly deliveryQueueId?: string | undefined;
  readonly deliveryPartIndex?: number | undefined;
  readonly deliveryPartCount?: number | undefined;
  readonly mediaLocalRoots?: readonly string[] | undefined;
  readonly onPlatformSendDispatch?: (() => Promise<void>) | undefined;
}

/** Sends, and waits for what comes of it. */
export async function sendOutgoing(message: Outgoing): Promise<Sent & { channel: string; chatId: string }> {
  const { mediaUrl, mediaLocalRoots, deliveryPartCount = 1, deliveryPartIndex = 0 } = message;
  const part = deliveryPartCount > 1 ? deliveryPartIndex : undefined;
  const params = paramsOf(message.to, message.text, mediaUrl, message.accountId, message.deliveryQueueId, part);
  if (params === undefined) throw notDispatched("expected a number in E.164 form: +, country code, number", false);
  const failed = (error: unknown): never => {
    throw sendError(error);
  };
  const sidecar = await Promise.resolve().then(currentSidecar).catch(failed);
  // From here on the send counts as begun; what the host throws is the host's to have.
  await message.onPlatformSendDispatch?.();
  const asked = mediaUrl && mediaLocalRoots ? { ...params, mediaRoots: [...mediaLocalRoots] } : params;
  const result = await sidecar.call("telephony.send", asked).catch(failed);
  return { channel: CHANNEL, chatId: params.to, ...receiptOf(result, params.to, kindOf(mediaUrl)) };
}

const kindOf = (mediaUrl: string | undefined): Kind => (mediaUrl === undefined ? "text" : "media");

/** What the sidecar is asked, first and again alike: it compares. Each part has a key of its own. */
function paramsOf(
  target: string,
  message: string,
  mediaUrl: string | undefined,
  accountId: string | null | undefined,
  queueId: string | undefined,
  part: number | undefined,
): SendMessage | undefined {
  const to = normalizeNumber(target);
  if (to === undefined) return undefined;
  const deliveryQueueId = (part === undefined ? queueId : queueId && `${queueId}.${part}`) ?? null;
  const mediaUrls = mediaUrl === undefined ? [] : [mediaUrl];
  return { to, message, mediaUrls, accountId: accountId ?? null, deliveryQueueId, markdown: true };
}

type Durable = NonNullable<Parameters<typeof defineChannelMessageAdapter>[0]["durableFinal"]>;
type Lost = Parameters<NonNullable<Durable["reconcileUnknownSend"]>>[0];

/** Answers what became of a send. What never began goes out under the same key, and is then told as sent. */
export async function reconcile({ to, accountId, queueId, payloads: [payload] }: Lost): Promise<Reconciliation> {
  const media = payload?.mediaUrls ?? (payload?.mediaUrl ? [payload.mediaUrl] : []);
  let last: Reconciliation = { status: "unresolved", retryable: false, error: "there is nothing to send" };
  for (const [index, url] of (media.length > 0 ? media : [undefined]).entries()) {
    const text = index === 0 ? (payload?.text ?? "") : "";
    const params = paramsOf(to, text, url, accountId, queueId, media.length > 1 ? index : undefined);
    if (params === undefined || payload === undefined) return last;
    try {
      last = reconciliationOf(await currentSidecar().call("send.reconcile", params), params.to, kindOf(url));
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

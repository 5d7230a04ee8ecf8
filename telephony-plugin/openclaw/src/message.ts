// What the agent says, on its way out: through the host's durable queue, to the sidecar.
import { defineChannelMessageAdapter } from "openclaw/plugin-sdk/channel-outbound";
import { PlatformMessageNotDispatchedError } from "openclaw/plugin-sdk/error-runtime";
import { sanitizeAssistantVisibleText, stripMarkdown } from "openclaw/plugin-sdk/text-chunking";
import { CHANNEL, normalizeNumber } from "./accounts.ts";
import { receiptOf, reconciliationOf, sendError, type Sent } from "./outcome.ts";
import type { SendMessage } from "./protocol.gen.ts";
import { currentSidecar } from "./slot.ts";
import { ClosedError } from "./transport.ts";

/** What a phone shows: no Markdown, links as they are, no empty lines in a row. */
export function plainText(text: string): string {
  return stripMarkdown(sanitizeAssistantVisibleText(text), { linkStyle: "label-and-url" })
    .replaceAll("\r\n", "\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

interface Outgoing {
  readonly to: string;
  readonly text: string;
  readonly mediaUrl?: string | undefined;
  readonly accountId?: string | null | undefined;
  readonly deliveryQueueId?: string | undefined;
  readonly deliveryPartIndex?: number | undefined;
  readonly deliveryPartCount?: number | undefined;
  readonly onPlatformSendDispatch?: (() => Promise<void>) | undefined;
}

/** Sends, and waits for what comes of it. */
export async function sendOutgoing(message: Outgoing): Promise<Sent> {
  const to = normalizeNumber(message.to);
  if (to === undefined) {
    const reason = "expected a number in E.164 form: +, country code, number";
    throw new PlatformMessageNotDispatchedError(reason, { cause: reason, retryable: false });
  }
  const sidecar = currentSidecar();
  if (sidecar === undefined) throw sendError(new ClosedError(false));
  // From here on the send counts as begun; what the host throws is the host's to have.
  await message.onPlatformSendDispatch?.();
  const isPart = (message.deliveryPartCount ?? 1) > 1;
  const key = message.deliveryQueueId;
  const params = payload(message.text, to, message.accountId, message.mediaUrl);
  if (key !== undefined) params.deliveryQueueId = isPart ? `${key}.${message.deliveryPartIndex ?? 0}` : key;
  try {
    const kind = message.mediaUrl === undefined ? "text" : "media";
    return receiptOf(await sidecar.call("telephony.send", params), to, kind);
  } catch (error) {
    throw sendError(error);
  }
}

function payload(text: string, to: string, accountId: string | null | undefined, mediaUrl: string | undefined): SendMessage {
  return {
    to,
    message: plainText(text),
    mediaUrls: mediaUrl === undefined ? [] : [mediaUrl],
    accountId: accountId ?? null,
  };
}

export const messageAdapter = defineChannelMessageAdapter({
  id: CHANNEL,
  durableFinal: {
    capabilities: { text: true, media: true, messageSendingHooks: true, reconcileUnknownSend: true },
    automaticUnknownSendReconciliation: true,
    reconcileUnknownSendKinds: { text: true, media: true },
    // It may send: what never began goes out under the same key, and is then told as sent.
    reconcileUnknownSend: async (ctx) => {
      const to = normalizeNumber(ctx.to);
      const sidecar = currentSidecar();
      const [one] = ctx.payloads;
      if (to === undefined || one === undefined) return { status: "unresolved", retryable: false, error: "there is nothing to send" };
      const media = one.mediaUrls ?? (one.mediaUrl ? [one.mediaUrl] : []);
      const away = { status: "unresolved", retryable: true, error: "the telephony process is not running" } as const;
      if (sidecar === undefined) return away;
      try {
        const parts = media.length > 1 ? media.length : 1;
        let last: ReturnType<typeof reconciliationOf> | undefined;
        for (let index = 0; index < parts; index++) {
          const params = payload(index === 0 ? (one.text ?? "") : "", to, ctx.accountId, media[index]);
          params.deliveryQueueId = parts > 1 ? `${ctx.queueId}.${index}` : ctx.queueId;
          last = reconciliationOf(await sidecar.call("send.reconcile", params), to, media.length > 0 ? "media" : "text");
          if (last.status !== "sent") return last;
        }
        return last ?? away;
      } catch (error) {
        return { ...away, error: error instanceof Error ? error.message : String(error) };
      }
    },
  },
  send: {
    text: (ctx) => sendOutgoing(ctx),
    media: (ctx) => sendOutgoing(ctx),
  },
});

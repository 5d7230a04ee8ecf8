// What became of a send, in the host's terms.
import { createMessageReceiptFromOutboundResults } from "openclaw/plugin-sdk/channel-outbound";
import { PlatformMessageNotDispatchedError } from "openclaw/plugin-sdk/error-runtime";
import { CHANNEL } from "./accounts.ts";
import type { SendResult } from "./protocol.gen.ts";
import { ClosedError, RpcError } from "./transport.ts";

export type Receipt = ReturnType<typeof createMessageReceiptFromOutboundResults>;

export interface Sent {
  readonly channel: string;
  readonly messageId: string;
  readonly chatId: string;
  readonly receipt: Receipt;
}

/** The receipt of what was sent; throws what the host understands for everything else. */
export function receiptOf(result: SendResult, to: string, kind: "text" | "media"): Sent {
  const reason = result.error ?? "the carrier gave no reason";
  switch (result.outcome) {
    case "sent":
      return sent(result, to, kind);
    case "not_sent":
      throw new PlatformMessageNotDispatchedError(reason, { cause: reason });
    case "refused":
      throw new PlatformMessageNotDispatchedError(reason, { cause: reason, retryable: false });
    default:
      throw new Error(`${reason} (do not send it again by hand: some of it may have arrived)`);
  }
}

/** What the host is told that asks after a send it lost sight of. */
export function reconciliationOf(
  result: SendResult,
  to: string,
  kind: "text" | "media",
):
  | { status: "sent"; receipt: Receipt; messageId: string }
  | { status: "unresolved"; retryable: boolean; error: string } {
  if (result.outcome === "sent") {
    const { receipt, messageId } = sent(result, to, kind);
    return { status: "sent", receipt, messageId };
  }
  const retryable = result.outcome === "not_sent" || result.outcome === "partial";
  return { status: "unresolved", retryable, error: result.error ?? result.outcome };
}

/** An error of a send, as the host understands it. Only what certainly did not begin is repeated. */
export function sendError(error: unknown): Error {
  if (error instanceof RpcError) {
    // An error is the answer when nothing was written down, and so nothing is sent.
    return new PlatformMessageNotDispatchedError(error.message, {
      cause: error,
      retryable: error.data["retryable"] === true,
    });
  }
  if (error instanceof ClosedError && !error.written) {
    return new PlatformMessageNotDispatchedError(error.message, { cause: error });
  }
  return error instanceof Error ? error : new Error(String(error));
}

function sent(result: SendResult, to: string, kind: "text" | "media"): Sent {
  const ids = result.providerIds.length > 0 ? result.providerIds : [result.id];
  const receipt = createMessageReceiptFromOutboundResults({
    results: ids.map((messageId) => ({ channel: CHANNEL, messageId, chatId: to, conversationId: to })),
    threadId: to,
    kind,
  });
  return { channel: CHANNEL, messageId: ids[0] ?? result.id, chatId: to, receipt };
}

// What became of a send, in the host's terms. Only what certainly did not begin is repeated.
import { createMessageReceiptFromOutboundResults } from "openclaw/plugin-sdk/channel-outbound";
import { PlatformMessageNotDispatchedError } from "openclaw/plugin-sdk/error-runtime";
import { CHANNEL } from "./accounts.ts";
import type { SendResult } from "./protocol.gen.ts";
import { ClosedError, messageOf, RpcError } from "./transport.ts";

export type Kind = "text" | "media";

export interface Sent {
  readonly messageId: string;
  readonly receipt: ReturnType<typeof createMessageReceiptFromOutboundResults>;
}

export type Reconciliation =
  | ({ readonly status: "sent" } & Sent)
  | { readonly status: "unresolved"; readonly retryable: boolean; readonly error: string };

/** Nothing was sent, and nothing is on its way. */
export function notDispatched(reason: string, retryable: boolean, cause: unknown = reason): Error {
  return new PlatformMessageNotDispatchedError(reason, { cause, retryable });
}

const perhaps = (reason: string, cause?: unknown): Error =>
  new Error(`${reason} (some of it may have been sent: do not send it again by hand)`, { cause });

/** The receipt of what was sent; throws what the host understands for everything else. */
export function receiptOf(result: SendResult, to: string, kind: Kind): Sent {
  const reason = result.error ?? `the message was not sent (${result.outcome})`;
  if (result.outcome === "not_sent") throw notDispatched(reason, true);
  if (result.outcome === "refused") throw notDispatched(reason, false);
  if (result.outcome !== "sent") throw perhaps(reason);
  const ids = result.providerIds.length > 0 ? result.providerIds : [result.id];
  const results = ids.map((messageId) => ({ channel: CHANNEL, messageId, chatId: to, conversationId: to }));
  const receipt = createMessageReceiptFromOutboundResults({ results, threadId: to, kind });
  return { messageId: ids[0] ?? result.id, receipt };
}

/** What the host is told that asks after a send it lost sight of. */
export function reconciliationOf(result: SendResult, to: string, kind: Kind): Reconciliation {
  if (result.outcome === "sent") return { status: "sent", ...receiptOf(result, to, kind) };
  const retryable = result.outcome === "not_sent" || result.outcome === "partial";
  return { status: "unresolved", retryable, error: result.error ?? result.outcome };
}

/** An error of a send, as the host understands it. */
export function sendError(error: unknown): Error {
  const message = messageOf(error);
  if (error instanceof RpcError && !isInternal(error)) {
    return notDispatched(message, error.data["retryable"] === true, error);
  }
  if (error instanceof ClosedError && !error.written) return notDispatched(message, true, error);
  return perhaps(message, error);
}

/** An error of a question after a send. */
export function reconciliationError(error: unknown): Reconciliation {
  const isLasting = error instanceof RpcError && !isInternal(error) && error.data["retryable"] !== true;
  return { status: "unresolved", retryable: !isLasting, error: messageOf(error) };
}

/** Whether the sidecar failed in the middle, and does not know how far it came. */
const isInternal = (error: RpcError): boolean => error.code === -32603 && error.data["retryable"] === undefined;

// The agent's tool. What it may not do is said to the model, which reads the result.
import { createHash } from "node:crypto";
import type { OpenClawPluginApi } from "openclaw/plugin-sdk/channel-core";
import { getAgentScopedMediaLocalRoots } from "openclaw/plugin-sdk/media-local-roots";
import { recordOf } from "./accounts.ts";
import { allowedMedia } from "./media.ts";
import { plainText } from "./plaintext.ts";
import type { SendResult } from "./protocol.gen.ts";
import type { Call } from "./sidecar.ts";
import { currentSidecar } from "./slot.ts";
import { TOOL } from "./surfaces.gen.ts";
import { messageOf } from "./transport.ts";

type Factory = Extract<Parameters<OpenClawPluginApi["registerTool"]>[0], (...parameters: never[]) => unknown>;
type Tool = Exclude<ReturnType<Factory>, readonly unknown[] | null | undefined>;

export function telephonyTool(ctx: Parameters<Factory>[0]): Tool {
  const config = ctx.getRuntimeConfig?.() ?? ctx.runtimeConfig ?? ctx.config;
  const scope: Scope = {
    accountId: ctx.messageChannel === "telephony" ? ctx.agentAccountId : undefined,
    folders: config ? getAgentScopedMediaLocalRoots(config, ctx.agentId, ctx.workspaceDir) : [],
    // Some models count their calls from one each time.
    run: `${ctx.sessionId ?? ""}/${Date.now()}`,
  };
  return {
    name: TOOL.name,
    label: TOOL.label,
    description: TOOL.description,
    parameters: TOOL.parameters as unknown as Tool["parameters"],
    execute: async (toolCallId: string, input: unknown) => {
      const details = await act(() => currentSidecar().call, toolCallId, recordOf(input), scope).catch(
        (error: unknown) => ({ error: messageOf(error) }),
      );
      return { content: [{ type: "text", text: JSON.stringify(details) }], details };
    },
  };
}

export interface Scope {
  readonly accountId: string | undefined;
  readonly folders: readonly string[];
  readonly run: string;
}

/** Does what the model asks for. Its call's id makes a send that is asked for twice one send. */
export async function act(
  sidecar: () => Call,
  toolCallId: string,
  input: Readonly<Record<string, unknown>>,
  scope: Scope,
): Promise<unknown> {
  const call = sidecar();
  const text = (key: string): string => (typeof input[key] === "string" ? input[key] : "");
  const accountId = text("accountId") || (scope.accountId ?? null);
  const idempotencyKey = createHash("sha256").update(`${scope.run}/${toolCallId}`).digest("hex");
  const [to, message, id] = [text("to"), plainText(text("message")), text("id")];
  switch (input["action"]) {
    case "send_sms":
      return said(await call("telephony.send", { to, message, accountId, idempotencyKey }));
    case "send_mms": {
      const mediaUrl = await allowedMedia(text("mediaUrl"), scope.folders);
      return said(await call("telephony.send_mms", { to, message, mediaUrl, accountId, idempotencyKey }));
    }
    case "initiate_call": {
      const webhookUrl = text("webhookUrl") || null;
      return await call("telephony.call", { to, message: message || null, webhookUrl, accountId });
    }
    case "hang_up":
      return await call("telephony.hangup", { callId: id, accountId });
    case "get_status":
      return await call("telephony.message_status", { id, accountId });
    default:
      throw new Error("action: expected send_sms, send_mms, initiate_call, hang_up or get_status");
  }
}

const NEXT: Readonly<Record<SendResult["outcome"], string | undefined>> = {
  sent: undefined,
  not_sent: "nothing was sent; it may be tried again later",
  refused: "nothing was sent, and trying again does not help",
  partial: "some of it was sent: do not send it again",
  unknown: "it may have arrived: do not send it again",
};

function said(result: SendResult): unknown {
  const next = NEXT[result.outcome];
  return next === undefined ? result : { ...result, next };
}

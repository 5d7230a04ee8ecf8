// The agent's tool. What it may not do is said to the model, which reads the result.
import type { OpenClawPluginApi } from "openclaw/plugin-sdk/channel-core";
import { plainText } from "./message.ts";
import type { SendResult } from "./protocol.gen.ts";
import type { Sidecar } from "./sidecar.ts";
import { currentSidecar } from "./slot.ts";
import { TOOL } from "./surfaces.gen.ts";
import { isRecord } from "./transport.ts";

type Registration = Parameters<OpenClawPluginApi["registerTool"]>[0];
type Factory = Extract<Registration, (...parameters: never[]) => unknown>;
type Tool = Exclude<ReturnType<Factory>, readonly unknown[] | null | undefined>;

export function telephonyTool(ctx: Parameters<Factory>[0]): Tool {
  const accountId = ctx.messageChannel === "telephony" ? ctx.agentAccountId : undefined;
  return {
    name: TOOL.name,
    label: TOOL.label,
    description: TOOL.description,
    parameters: TOOL.parameters as unknown as Tool["parameters"],
    execute: async (toolCallId: string, input: unknown) => {
      const sidecar = currentSidecar();
      const details = sidecar
        ? await act(sidecar, toolCallId, isRecord(input) ? input : {}, accountId)
        : { error: "the telephony channel is not running: start the gateway (`openclaw gateway`) and enable channels.telephony" };
      return { content: [{ type: "text", text: JSON.stringify(details) }], details };
    },
  };
}

/** Does what the model asks for. Its call's id makes a send that is asked for twice one send. */
export async function act(
  sidecar: Sidecar,
  toolCallId: string,
  input: Readonly<Record<string, unknown>>,
  ownAccount: string | undefined,
): Promise<unknown> {
  const text = (key: string): string => (typeof input[key] === "string" ? input[key] : "");
  const accountId = text("accountId") || ownAccount || null;
  const idempotencyKey = toolCallId;
  const message = plainText(text("message"));
  try {
    switch (input["action"]) {
      case "send_sms":
        return said(await sidecar.call("telephony.send", { to: text("to"), message, accountId, idempotencyKey }));
      case "send_mms": {
        const mediaUrl = text("mediaUrl");
        return said(await sidecar.call("telephony.send_mms", { to: text("to"), message, mediaUrl, accountId, idempotencyKey }));
      }
      case "initiate_call": {
        const webhookUrl = text("webhookUrl") || null;
        return await sidecar.call("telephony.call", { to: text("to"), message: message || null, webhookUrl, accountId });
      }
      case "hang_up":
        return await sidecar.call("telephony.hangup", { callId: text("id"), accountId });
      case "get_status":
        return await sidecar.call("telephony.message_status", { id: text("id"), accountId });
      default:
        return { error: "action: expected send_sms, send_mms, initiate_call, hang_up or get_status" };
    }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
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

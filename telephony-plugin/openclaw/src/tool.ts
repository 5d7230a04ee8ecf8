// The agent's tool: the sidecar does what the model asks for, and says what the model is told.
import type { OpenClawPluginApi } from "openclaw/plugin-sdk/channel-core";
import { getAgentScopedMediaLocalRoots } from "openclaw/plugin-sdk/media-local-roots";
import { callSidecar } from "./slot.ts";
import { TOOL } from "./surfaces.gen.ts";
import { messageOf } from "./transport.ts";

type Factory = Extract<Parameters<OpenClawPluginApi["registerTool"]>[0], (...parameters: never[]) => unknown>;
type Tool = Exclude<ReturnType<Factory>, readonly unknown[] | null | undefined>;

export function telephonyTool(ctx: Parameters<Factory>[0]): Tool {
  const config = ctx.getRuntimeConfig?.() ?? ctx.runtimeConfig ?? ctx.config;
  const accountId = ctx.messageChannel === "telephony" ? (ctx.agentAccountId ?? null) : null;
  const mediaRoots = config ? [...getAgentScopedMediaLocalRoots(config, ctx.agentId, ctx.workspaceDir)] : [];
  // Some models count their calls from one each time.
  const run = `${ctx.sessionId ?? ""}/${Date.now()}`;
  return {
    name: TOOL.name,
    label: TOOL.label,
    description: TOOL.description,
    parameters: TOOL.parameters as unknown as Tool["parameters"],
    execute: async (toolCallId: string, input: unknown) => {
      const asked = { call: `${run}/${toolCallId}`, input, accountId, mediaRoots };
      const failed = (error: unknown) => ({ details: { error: messageOf(error) } });
      const { details } = await callSidecar("telephony.tool", asked).catch(failed);
      return { content: [{ type: "text", text: JSON.stringify(details) }], details };
    },
  };
}

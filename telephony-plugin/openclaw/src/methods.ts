// The gateway's methods: each is one of the sidecar's, which says what is wrong with parameters.
import type { OpenClawPluginApi } from "openclaw/plugin-sdk/channel-core";
import type { SidecarMethods } from "./protocol.gen.ts";
import { callSidecar } from "./slot.ts";
import { GATEWAY_METHODS } from "./surfaces.gen.ts";
import { ClosedError, messageOf, RpcError } from "./transport.ts";

export function registerMethods(api: Pick<OpenClawPluginApi, "registerGatewayMethod">): void {
  for (const { name, scope } of GATEWAY_METHODS) {
    // All of ours begin with the channel's name.
    const ours = name.startsWith("telephony.") ? name : `telephony.${name}`;
    const handler: Parameters<typeof api.registerGatewayMethod>[1] = async ({ params, respond }) => {
      try {
        respond(true, await callSidecar(name, params as unknown as SidecarMethods[typeof name]["params"]));
      } catch (error) {
        respond(false, undefined, errorOf(error));
      }
    };
    api.registerGatewayMethod(ours, handler, { scope });
  }
}

/** An error of the sidecar, by the gateway's codes. */
export function errorOf(error: unknown): { code: string; message: string; details?: unknown; retryable: boolean } {
  const message = messageOf(error);
  if (!(error instanceof RpcError)) {
    return { code: "UNAVAILABLE", message, retryable: error instanceof ClosedError && !error.written };
  }
  const code = error.code === -32602 || error.code === -32001 ? "INVALID_REQUEST" : "UNAVAILABLE";
  const details = { rpcCode: error.code, ...error.data };
  return { code, message, details, retryable: error.data["retryable"] === true };
}

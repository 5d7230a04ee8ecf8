// The gateway's methods: each is one of the sidecar's.
import type { OpenClawPluginApi } from "openclaw/plugin-sdk/channel-core";
import type { SidecarMethods } from "./protocol.gen.ts";
import { currentSidecar } from "./slot.ts";
import { GATEWAY_METHODS } from "./surfaces.gen.ts";
import { ClosedError, RpcError } from "./transport.ts";

type Method = (typeof GATEWAY_METHODS)[number]["name"] & keyof SidecarMethods;

/** The gateway's name of a method: all of ours begin with the channel's. */
const gatewayName = (name: string): string => (name.startsWith("telephony.") ? name : `telephony.${name}`);

export function registerMethods(api: OpenClawPluginApi): void {
  for (const { name, scope } of GATEWAY_METHODS) {
    api.registerGatewayMethod(
      gatewayName(name),
      async ({ params, respond }) => {
        try {
          respond(true, await callSidecar(name, params));
        } catch (error) {
          respond(false, undefined, errorOf(error));
        }
      },
      { scope },
    );
  }
}

async function callSidecar(name: Method, params: unknown): Promise<unknown> {
  const sidecar = currentSidecar();
  if (sidecar === undefined) throw new ClosedError(false);
  // The sidecar says what is wrong with parameters.
  return await sidecar.call(name, params as SidecarMethods[Method]["params"]);
}

/** An error of the sidecar, by the gateway's codes. */
export function errorOf(error: unknown): { code: string; message: string; details?: unknown; retryable?: boolean } {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof RpcError) {
    const code = error.code === -32602 || error.code === -32001 ? "INVALID_REQUEST" : "UNAVAILABLE";
    return { code, message, details: { rpcCode: error.code, ...error.data }, retryable: error.data["retryable"] === true };
  }
  return { code: "UNAVAILABLE", message, retryable: error instanceof ClosedError && !error.written };
}

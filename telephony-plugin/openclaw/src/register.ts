// What is registered beside the channel: the agent's tool, the gateway's methods, the one service.
import path from "node:path";
import type { OpenClawPluginApi } from "openclaw/plugin-sdk/channel-core";
import { sectionOf } from "./accounts.ts";
import type { Log } from "./log.ts";
import { registerMethods } from "./methods.ts";
import { getRuntime } from "./runtime.ts";
import type { SidecarOptions } from "./sidecar.ts";
import { holdSidecar, releaseSidecar } from "./slot.ts";
import { telephonyTool } from "./tool.ts";

/** How the sidecar of this gateway is started, by whoever comes first. */
export function sidecarOptions(log: Log): SidecarOptions {
  const { state, version } = getRuntime();
  return { stateDir: path.join(state.resolveStateDir(), "telephony"), host: `OpenClaw ${version}`, log };
}

export function registerFull(api: OpenClawPluginApi): void {
  // Agents' tools run in an instance of this module that activates nothing.
  api.registerTool(telephonyTool, { name: "telephony" });
  if (api.registrationMode !== "full") return;
  registerMethods(api);
  api.registerService({
    id: "telephony-sidecar",
    start: async ({ config, logger }) => {
      if (sectionOf(config)["enabled"] === true) await holdSidecar(sidecarOptions(logger));
    },
    // Waits until the process is gone: an update replaces it.
    stop: releaseSidecar,
  });
}

// The host's runtime, as the instance of this module got it that the gateway activated.
import { createPluginRuntimeStore } from "openclaw/plugin-sdk/runtime-store";
import type { PluginRuntime } from "openclaw/plugin-sdk/channel-core";

const store = createPluginRuntimeStore<PluginRuntime>({
  pluginId: "telephony",
  errorMessage: "the telephony plugin is not activated",
});

export const setRuntime = store.setRuntime;
export const getRuntime = store.getRuntime;

/** What is needed of the gateway's channel helpers. */
export type ChannelRuntime = PluginRuntime["channel"];

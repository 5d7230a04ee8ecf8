// The plugin as the gateway loads it.
import { defineChannelPluginEntry } from "openclaw/plugin-sdk/channel-core";
import { telephonyPlugin } from "./src/channel.ts";
import { registerCommands } from "./src/cli.ts";
import { registerFull } from "./src/register.ts";
import { setRuntime } from "./src/runtime.ts";

export default defineChannelPluginEntry({
  id: "telephony",
  name: "Telephony",
  description: "SMS, MMS and calls through Twilio, Telnyx or Plivo.",
  plugin: telephonyPlugin,
  setRuntime,
  registerCliMetadata: registerCommands,
  registerFull,
});

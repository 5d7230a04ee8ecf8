// The plugin as the set-up loads it: the channel alone.
import { defineSetupPluginEntry } from "openclaw/plugin-sdk/channel-core";
import { telephonyPlugin } from "./src/channel.ts";

export default defineSetupPluginEntry(telephonyPlugin);

// What `openclaw channels add` writes: its fields, at their keys.
import { defineChannelSetupContract } from "openclaw/plugin-sdk/channel-setup";
import type { OpenClawConfig } from "openclaw/plugin-sdk/channel-core";
import { CHANNEL, DEFAULT_ACCOUNT, sectionOf } from "./accounts.ts";
import { SETUP_FIELDS, SETUP_PATHS } from "./surfaces.gen.ts";
import { isRecord } from "./transport.ts";

/** A configuration with what was entered for an account, which is switched on with it. */
export function applyInput(cfg: OpenClawConfig, accountId: string, input: unknown): OpenClawConfig {
  const patch: Record<string, unknown> = { enabled: true };
  const entered = isRecord(input) ? input : {};
  for (const [field, path] of Object.entries(SETUP_PATHS)) {
    if (entered[field] !== undefined) put(patch, path.split("."), entered[field]);
  }
  const section = sectionOf(cfg);
  const accounts = isRecord(section["accounts"]) ? section["accounts"] : {};
  const isRoot = accountId === DEFAULT_ACCOUNT && !(DEFAULT_ACCOUNT in accounts);
  const next = isRoot
    ? lay(section, patch)
    : { ...section, enabled: true, accounts: { ...accounts, [accountId]: lay(recordOf(accounts[accountId]), patch) } };
  return { ...cfg, channels: { ...cfg.channels, [CHANNEL]: next } };
}

function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const beneath = { ...recordOf(target[key]) };
  put(beneath, rest, value);
  target[key] = beneath;
}

function lay(under: Readonly<Record<string, unknown>>, over: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const laid: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    laid[key] = isRecord(value) && isRecord(laid[key]) ? lay(recordOf(laid[key]), value) : value;
  }
  return laid;
}

const recordOf = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});

export const setupContract = defineChannelSetupContract({
  fields: SETUP_FIELDS,
  adapter: {
    applyAccountConfig: ({ cfg, accountId, input }) => applyInput(cfg, accountId, input),
    // With a second account, everything that is one account's moves into one of its own.
    singleAccountKeysToMove: [
      "provider", "fromNumber", "publicUrl", "inboundPolicy", "dmPolicy", "allowFrom", "allowTo", "twilio", "telnyx", "plivo",
    ],
  },
});

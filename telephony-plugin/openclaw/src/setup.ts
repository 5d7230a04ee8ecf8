// What `openclaw channels add` writes: its fields, at their keys.
import type { OpenClawConfig } from "openclaw/plugin-sdk/channel-core";
import { defineChannelSetupContract } from "openclaw/plugin-sdk/channel-setup";
import { CHANNEL, DEFAULT_ACCOUNT, merge, recordOf, sectionOf } from "./accounts.ts";
import { ACCOUNT_KEYS, SETUP_FIELDS, SETUP_PATHS } from "./surfaces.gen.ts";

/** A configuration with what was entered for an account, which is switched on with it. */
export function applyInput(cfg: OpenClawConfig, accountId: string, input: unknown): OpenClawConfig {
  let entered: Record<string, unknown> = { enabled: true };
  for (const [field, path] of Object.entries(SETUP_PATHS)) {
    const value = recordOf(input)[field];
    if (value !== undefined) entered = merge(entered, nested(path.split("."), value));
  }
  const section = sectionOf(cfg);
  const accounts = recordOf(section["accounts"]);
  const isRoot = accountId === DEFAULT_ACCOUNT && !(DEFAULT_ACCOUNT in accounts);
  const changed = { ...accounts, [accountId]: merge(recordOf(accounts[accountId]), entered) };
  const next = isRoot ? merge(section, entered) : { ...section, enabled: true, accounts: changed };
  return { ...cfg, channels: { ...cfg.channels, [CHANNEL]: next } };
}

const nested = (path: readonly string[], value: unknown): Record<string, unknown> =>
  path.reduceRight((within: unknown, key) => ({ [key]: within }), value) as Record<string, unknown>;

export const setupContract = defineChannelSetupContract({
  fields: SETUP_FIELDS,
  adapter: {
    applyAccountConfig: ({ cfg, accountId, input }) => applyInput(cfg, accountId, input),
    // With a second account, everything that is one account's moves into one of its own.
    singleAccountKeysToMove: [...ACCOUNT_KEYS],
  },
});

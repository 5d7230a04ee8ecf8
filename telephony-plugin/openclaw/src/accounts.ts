// What must be known of the configuration while no process runs: which accounts there are, whether
// they are switched on and complete, who may talk. The program decides all of it again when it
// starts; these functions are held to what it says by policy.vectors.json.
import type { OpenClawConfig } from "openclaw/plugin-sdk/channel-core";
import { CREDENTIALS, SENDER_POOLS } from "./surfaces.gen.ts";
import { isRecord } from "./transport.ts";

export const CHANNEL = "telephony";
export const DEFAULT_ACCOUNT = "default";

type Section = Readonly<Record<string, unknown>>;

/** For each provider, keys and the variables that stand in for them. */
type Keys = Readonly<Record<string, readonly (readonly [string, string])[]>>;
const NEEDED: Keys = CREDENTIALS;
const POOLS: Keys = SENDER_POOLS;

const POLICIES = ["pairing", "allowlist", "open", "disabled"] as const;

/** Who may talk. */
export type Policy = (typeof POLICIES)[number];

export interface TelephonyAccount {
  readonly accountId: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly configured: boolean;
  readonly provider: string | undefined;
  readonly fromNumber: string | undefined;
  readonly defaultTo: string | undefined;
  readonly policy: Policy;
  /** The key that the policy is written under: one of the two names that it has. */
  readonly policyKey: "inboundPolicy" | "dmPolicy";
  readonly allowFrom: readonly string[];
  readonly mediaMaxMb: number;
  /** The whole section, as the host has it: with secrets resolved when the account is started. */
  readonly section: Section;
}

/** The section of a host's configuration. */
export function sectionOf(cfg: OpenClawConfig): Section {
  return recordOf(recordOf(cfg.channels)[CHANNEL]);
}

export const recordOf = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});

/** The ids of the accounts of a section. What stands beside `accounts` is one, if it sends. */
export function accountIds(section: Section): string[] {
  const ids = Object.keys(recordOf(section["accounts"])).sort();
  const picksSender =
    text(section["fromNumber"]) !== undefined ||
    Object.entries(POOLS).some(([provider, keys]) => keys.some(([key]) => text(recordOf(section[provider])[key])));
  const isOwn = text(section["provider"]) !== undefined && (ids.length === 0 || picksSender);
  return isOwn && !ids.includes(DEFAULT_ACCOUNT) ? [DEFAULT_ACCOUNT, ...ids] : ids;
}

/** The account that is meant when none is named. */
export function defaultAccountId(section: Section): string {
  const ids = accountIds(section);
  const wanted = text(section["defaultAccount"]);
  if (wanted !== undefined) return wanted;
  return ids.includes(DEFAULT_ACCOUNT) ? DEFAULT_ACCOUNT : (ids[0] ?? DEFAULT_ACCOUNT);
}

/** An account of a section, with what it inherits. */
export function accountOf(
  section: Section,
  accountId: string | null | undefined,
  env: NodeJS.ProcessEnv = process.env,
): TelephonyAccount {
  const id = accountId ?? defaultAccountId(section);
  const own = recordOf(section["accounts"])[id];
  const merged = merge(section, recordOf(own));
  const isAlias = text(merged["inboundPolicy"]) === undefined && text(merged["dmPolicy"]) !== undefined;
  const policyKey = isAlias ? "dmPolicy" : "inboundPolicy";
  // What is no policy is a mistake that the program names; until then nobody is let in.
  const written = text(merged[policyKey]) ?? "pairing";
  const policy = POLICIES.find((known) => known === written) ?? "disabled";
  const allowFrom = Array.isArray(merged["allowFrom"]) ? merged["allowFrom"].map(String) : [];
  const provider = text(merged["provider"]);
  const fromNumber = text(merged["fromNumber"]);
  const isKnown = accountIds(section).includes(id);
  const fallBack = id === defaultAccountId(section) ? env : {};
  return {
    accountId: id,
    name: text(merged["name"]) ?? fromNumber ?? id,
    enabled: isKnown && section["enabled"] !== false && merged["enabled"] === true,
    configured: isKnown && isComplete(merged, provider, fromNumber, fallBack),
    provider,
    fromNumber,
    defaultTo: text(merged["defaultTo"]),
    policy,
    policyKey,
    // The host admits everybody for "*" alone.
    allowFrom: policy === "open" && !allowFrom.includes("*") ? [...allowFrom, "*"] : allowFrom,
    mediaMaxMb: typeof merged["mediaMaxMb"] === "number" ? merged["mediaMaxMb"] : 5,
    section,
  };
}

function isComplete(
  account: Section,
  provider: string | undefined,
  fromNumber: string | undefined,
  env: NodeJS.ProcessEnv,
): boolean {
  if (provider === undefined || !Object.hasOwn(NEEDED, provider)) return false;
  const keys = recordOf(account[provider]);
  const isThere = (value: unknown): boolean => text(value) !== undefined || isRecord(value);
  const isSet = ([key, variable]: readonly [string, string]): boolean => isThere(keys[key]) || isThere(env[variable]);
  const isPooled = POOLS[provider]?.some(isSet) === true;
  // Whose signatures are not looked at needs no key for them.
  const isUnsigned = account["skipSignatureVerification"] === true;
  const needed = NEEDED[provider]?.filter(([key]) => !(isUnsigned && key === "publicKey"));
  return (fromNumber !== undefined || isPooled) && needed?.every(isSet) === true;
}

/** The number that a text is, as it is dialled; `undefined` for what is none. */
export function normalizeNumber(target: string): string | undefined {
  const bare = target.trim().replace(/^(telephony|phone|tel|sms):/i, "").trim();
  const digits = bare.replace(/[\s().\u00a0-]/g, "");
  return /^\+[1-9]\d{6,14}$/.test(digits) ? digits : undefined;
}

/** A text that is not empty: an empty one means that a key is not set. */
function text(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

/** One section laid over another, key by key. The two names of the policy are one key. */
export function merge(under: Section, over: Section): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...under };
  if ("inboundPolicy" in over || "dmPolicy" in over) {
    delete merged["inboundPolicy"];
    delete merged["dmPolicy"];
  }
  for (const [key, value] of Object.entries(over)) {
    // An empty text hides nothing: it means that the key is not set.
    if (typeof value === "string" && text(value) === undefined) continue;
    const beneath = merged[key];
    const isWhole = !isRecord(beneath) || !isRecord(value) || "source" in value;
    merged[key] = isWhole ? value : merge(beneath, value);
  }
  return merged;
}

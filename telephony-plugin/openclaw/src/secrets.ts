// Which of our keys are secrets, so that the host resolves references to them.
import {
  collectNestedChannelFieldAssignments,
  createChannelSecretTargetRegistryEntries,
  getChannelSurface,
  hasOwnProperty,
  isRecord,
  type ResolverContext,
  type SecretDefaults,
  type SecretTargetRegistryEntry,
} from "openclaw/plugin-sdk/channel-secret-basic-runtime";
import { CHANNEL } from "./accounts.ts";
import { SECRET_PATHS } from "./surfaces.gen.ts";

export const secretTargetRegistryEntries: SecretTargetRegistryEntry[] = createChannelSecretTargetRegistryEntries({
  channelKey: CHANNEL,
  account: SECRET_PATHS.filter((path) => !path.startsWith("tunnel.")),
  channel: [...SECRET_PATHS],
});

export function collectRuntimeConfigAssignments(params: {
  config: { channels?: Record<string, unknown> };
  defaults?: SecretDefaults;
  context: ResolverContext;
}): void {
  const resolved = getChannelSurface(params.config, CHANNEL);
  if (resolved === null) return;
  const { channel, surface } = resolved;
  for (const path of SECRET_PATHS) {
    const [nestedKey = "", field = ""] = path.split(".");
    collectNestedChannelFieldAssignments({
      channelKey: CHANNEL,
      nestedKey,
      field,
      channel,
      surface,
      defaults: params.defaults,
      context: params.context,
      // The section goes to the program whole, and what it inherits from the root is not told apart.
      topLevelActive: surface.channelEnabled,
      topInactiveReason: "the telephony channel is not enabled.",
      accountActive: ({ account, enabled }) => enabled && isRecord(account[nestedKey]) && hasOwnProperty(account[nestedKey], field),
      accountInactiveReason: "the account is not enabled.",
    });
  }
}

export const channelSecrets = { secretTargetRegistryEntries, collectRuntimeConfigAssignments };

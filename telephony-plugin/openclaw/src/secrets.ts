// Which of our keys are secrets, so that the host resolves references to them.
import {
  collectNestedChannelFieldAssignments,
  collectSimpleChannelFieldAssignments,
  createChannelSecretTargetRegistryEntries,
  getChannelSurface,
  hasOwnProperty,
  isRecord,
  type ResolverContext,
  type SecretDefaults,
} from "openclaw/plugin-sdk/channel-secret-basic-runtime";
import { CHANNEL } from "./accounts.ts";
import { SECRET_PATHS } from "./surfaces.gen.ts";

export const secretTargetRegistryEntries = createChannelSecretTargetRegistryEntries({
  channelKey: CHANNEL,
  account: SECRET_PATHS.filter((path) => path !== "database" && !path.startsWith("tunnel.")),
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
  const common = {
    channelKey: CHANNEL,
    channel,
    surface,
    defaults: params.defaults,
    context: params.context,
    topInactiveReason: "the telephony channel is not enabled.",
    accountInactiveReason: "the account is not enabled.",
  };
  for (const path of SECRET_PATHS) {
    const [nestedKey, field] = path.split(".");
    if (nestedKey === undefined || field === undefined) {
      collectSimpleChannelFieldAssignments({ ...common, field: path });
      continue;
    }
    collectNestedChannelFieldAssignments({
      ...common,
      nestedKey,
      field,
      // The section goes to the program whole, and what it inherits from the root is not told apart.
      topLevelActive: surface.channelEnabled,
      accountActive: ({ account, enabled }) =>
        enabled && isRecord(account[nestedKey]) && hasOwnProperty(account[nestedKey], field),
    });
  }
}

export const channelSecrets = { secretTargetRegistryEntries, collectRuntimeConfigAssignments };

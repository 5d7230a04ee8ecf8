// The channel, as the host knows it: each part maps to the configuration or to the sidecar.
import {
  createHybridChannelConfigAdapter,
  createScopedDmSecurityResolver,
} from "openclaw/plugin-sdk/channel-config-helpers";
import { buildChannelOutboundSessionRoute, createChatChannelPlugin } from "openclaw/plugin-sdk/channel-core";
import { createEmptyChannelDirectoryAdapter } from "openclaw/plugin-sdk/directory-runtime";
import {
  createComputedAccountStatusAdapter,
  createDefaultChannelRuntimeState,
} from "openclaw/plugin-sdk/status-helpers";
import { accountIds, accountOf, CHANNEL, DEFAULT_ACCOUNT, defaultAccountId } from "./accounts.ts";
import { normalizeNumber, sectionOf, type TelephonyAccount } from "./accounts.ts";
import { gateway } from "./gateway.ts";
import { messageAdapter, sendOutgoing } from "./message.ts";
import type { Probed } from "./protocol.gen.ts";
import { channelSecrets } from "./secrets.ts";
import { setupContract } from "./setup.ts";
import { callSidecar } from "./slot.ts";
import { ACCOUNT_KEYS, CHANNEL_META } from "./surfaces.gen.ts";
import { messageOf } from "./transport.ts";

/** Probed now, or why that cannot be. */
async function probe(accountId: string): Promise<Probed> {
  const failed = (error: unknown): Probed => ({ ok: false, error: messageOf(error), elapsedMs: 0 });
  return await callSidecar("account.probe", { accountId }).catch(failed);
}

const describe = ({ accountId, name, enabled, configured }: TelephonyAccount) => ({ accountId, name, enabled, configured });

const toNumber = (entry: string | number): string => normalizeNumber(String(entry)) ?? String(entry).trim();

export const telephonyPlugin = createChatChannelPlugin<TelephonyAccount, Probed>({
  base: {
    id: CHANNEL,
    meta: CHANNEL_META,
    capabilities: { chatTypes: ["direct"], media: true },
    // The program is told of changes when its accounts are started, and by nothing else.
    reload: { configPrefixes: [`channels.${CHANNEL}`] },
    setupContract,
    config: {
      ...createHybridChannelConfigAdapter<TelephonyAccount>({
        sectionKey: CHANNEL,
        listAccountIds: (cfg) => accountIds(sectionOf(cfg)),
        resolveAccount: (cfg, accountId) => accountOf(sectionOf(cfg), accountId),
        defaultAccountId: (cfg) => defaultAccountId(sectionOf(cfg)),
        clearBaseFields: [...ACCOUNT_KEYS],
        resolveAllowFrom: (account) => [...account.allowFrom],
        formatAllowFrom: (allowFrom) => allowFrom.map(toNumber).filter((entry) => entry !== ""),
        resolveDefaultTo: (account) => account.defaultTo,
      }),
      isConfigured: (account) => account.configured,
      isEnabled: (account) => account.enabled,
      unconfiguredReason: () => "set provider, fromNumber and the provider's credentials",
      describeAccount: describe,
    },
    messaging: {
      targetPrefixes: ["telephony", "phone"],
      normalizeTarget: (target) => normalizeNumber(target),
      inferTargetChatType: ({ to }) => (normalizeNumber(to) === undefined ? undefined : "direct"),
      resolveOutboundSessionRoute: ({ cfg, agentId, accountId, target, resolvedTarget }) => {
        const to = normalizeNumber(resolvedTarget?.to ?? target);
        if (to === undefined) return null;
        const peer = { kind: "direct" as const, id: to };
        const address = `${CHANNEL}:${to}`;
        return buildChannelOutboundSessionRoute({
          cfg,
          agentId,
          channel: CHANNEL,
          accountId: accountId ?? null,
          recipientSessionExact: true,
          peer,
          chatType: "direct",
          from: address,
          to: address,
        });
      },
      targetResolver: { looksLikeId: (text) => normalizeNumber(text) !== undefined, hint: "<+15550001234>" },
    },
    directory: createEmptyChannelDirectoryAdapter(),
    gateway,
    status: createComputedAccountStatusAdapter<TelephonyAccount, Probed>({
      defaultRuntime: createDefaultChannelRuntimeState(DEFAULT_ACCOUNT),
      resolveAccountSnapshot: ({ account }) => describe(account),
      probeAccount: ({ account }) => probe(account.accountId),
      formatCapabilitiesProbe: ({ probe: probed }) => [
        probed.ok
          ? { text: `the carrier answers (${probed.elapsedMs} ms)`, tone: "success" }
          : { text: probed.error ?? "the carrier does not answer", tone: "error" },
      ],
    }),
    secrets: channelSecrets,
    agentPrompt: {
      messageToolHints: () => [
        "",
        "### Text messages (SMS)",
        "Replies here are text messages: plain text, no Markdown, no tables. Be brief: each 160 characters cost " +
          "one message, and with characters such as curly quotes or emoji each 70 do.",
      ],
    },
    message: messageAdapter,
  },
  pairing: {
    idLabel: "phoneNumber",
    normalizeAllowEntry: toNumber,
    notifyApproval: async ({ id, accountId }) => {
      await callSidecar("access.notify", { accountId: accountId ?? DEFAULT_ACCOUNT, from: toNumber(id) });
    },
  },
  security: {
    resolveDmPolicy: (ctx) =>
      createScopedDmSecurityResolver<TelephonyAccount>({
        channelKey: CHANNEL,
        resolvePolicy: (account) => account.policy,
        resolveAllowFrom: (account) => [...account.allowFrom],
        policyPathSuffix: ctx.account.policyKey,
        defaultPolicy: "pairing",
        approveHint: `openclaw pairing approve ${CHANNEL} <code>`,
        normalizeEntry: toNumber,
      })(ctx),
    collectWarnings: ({ account }) =>
      account.policy === "open" ? ["- Telephony: the policy open lets anybody who knows the number talk to the agent."] : [],
  },
  threading: { topLevelReplyToMode: "off" },
  outbound: {
    // No chunker: how a text is cut is the program's to decide.
    deliveryMode: "gateway",
    resolveTarget: ({ cfg, to, accountId }) => {
      const number = normalizeNumber(to ?? "") ?? (cfg ? accountOf(sectionOf(cfg), accountId).defaultTo : undefined);
      return number === undefined
        ? { ok: false, error: new Error("expected a number in E.164 form: +, country code, number") }
        : { ok: true, to: number };
    },
    sendText: sendOutgoing,
    sendMedia: sendOutgoing,
  },
});

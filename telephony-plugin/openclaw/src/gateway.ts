// An account of a running gateway: started in the sidecar, and stopped there for the right reason.
import type { ChannelPlugin, OpenClawConfig } from "openclaw/plugin-sdk/channel-core";
import { createAccountStatusSink, waitUntilAbort } from "openclaw/plugin-sdk/channel-outbound";
import { channelBlockedPatch, channelReadyPatch, channelStoppedPatch } from "openclaw/plugin-sdk/gateway-runtime";
import { accountIds, accountOf, sectionOf, type TelephonyAccount } from "./accounts.ts";
import { checkAccess, isApproved, takeTurn, type InboundContext } from "./inbound.ts";
import type { StopReason } from "./protocol.gen.ts";
import { getRuntime, type ChannelRuntime } from "./runtime.ts";
import type { AccountHost } from "./sidecar.ts";
import { ensureSidecar } from "./slot.ts";
import { sidecarOptions } from "./register.ts";
import { RpcError } from "./transport.ts";

type Gateway = NonNullable<ChannelPlugin<TelephonyAccount>["gateway"]>;
type Context = Parameters<NonNullable<Gateway["startAccount"]>>[0];

/** Why an account stops that was aborted, by what the configuration says of it now. */
export function stopReason(cfg: OpenClawConfig, accountId: string): StopReason {
  const section = sectionOf(cfg);
  if (!accountIds(section).includes(accountId)) return "removed";
  return accountOf(section, accountId).enabled ? "restart" : "disabled";
}

async function startAccount(ctx: Context): Promise<void> {
  const { accountId, abortSignal } = ctx;
  const log = ctx.log ?? console;
  const status = createAccountStatusSink({ accountId, setStatus: ctx.setStatus });
  if (ctx.channelRuntime === undefined) throw new Error("this gateway gives its channels no runtime: update OpenClaw");
  const sidecar = await ensureSidecar(sidecarOptions(log));
  const runtime = ctx.channelRuntime as unknown as ChannelRuntime;
  const context: InboundContext = { cfg: ctx.cfg, account: ctx.account, runtime, sidecar, log };
  const host: AccountHost = {
    "access.check": ({ from }) => checkAccess(context, from),
    "access.approved": async ({ from }) => ({ approved: await isApproved(context, from) }),
    "inbound.message": (message) => {
      status({ lastInboundAt: Date.now() });
      return takeTurn(context, message);
    },
  };
  try {
    const started = await sidecar.startAccount(accountId, ctx.account.section, host);
    status({ ...channelReadyPatch(), lastError: null });
    log.info(`telephony: ${accountId} takes webhooks at ${started.webhookUrl}\n${started.console.trimEnd()}`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    status({ ...channelBlockedPatch(message), lastError: message });
    const isLasting = error instanceof RpcError && error.data["retryable"] !== true;
    if (!isLasting) throw error;
    // What has to be changed first is not tried again: the change starts the account anew.
    log.error(`telephony: ${accountId}: ${message}`);
    await waitUntilAbort(abortSignal);
    return;
  }
  await waitUntilAbort(abortSignal, async () => {
    const reason = stopReason(getRuntime().config.current() as OpenClawConfig, accountId);
    await sidecar.stopAccount(accountId, host, reason).catch((error: Error) => log.warn(`telephony: ${error.message}`));
    status(channelStoppedPatch());
  });
}

export const gateway: Gateway = { startAccount };

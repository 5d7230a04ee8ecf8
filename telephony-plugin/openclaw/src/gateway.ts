// An account of a running gateway: started in the sidecar, and stopped there for the right reason.
import type { ChannelPlugin, OpenClawConfig } from "openclaw/plugin-sdk/channel-core";
import { waitUntilAbort } from "openclaw/plugin-sdk/channel-outbound";
import { channelBlockedPatch, channelReadyPatch, channelStoppedPatch } from "openclaw/plugin-sdk/gateway-runtime";
import { accountIds, accountOf, sectionOf, type TelephonyAccount } from "./accounts.ts";
import { checkAccess, type InboundContext, isApproved, takeTurn, tellAgent } from "./inbound.ts";
import type { StopReason } from "./protocol.gen.ts";
import { sidecarOptions } from "./register.ts";
import { type ChannelRuntime, getRuntime } from "./runtime.ts";
import { holdSidecar } from "./slot.ts";
import { messageOf, RpcError } from "./transport.ts";

type Gateway = NonNullable<ChannelPlugin<TelephonyAccount>["gateway"]>;
type Context = Parameters<NonNullable<Gateway["startAccount"]>>[0];

/** Why an account stops that was aborted, by what the configuration says of it now. */
export function stopReason(cfg: OpenClawConfig, accountId: string): StopReason {
  const section = sectionOf(cfg);
  if (!accountIds(section).includes(accountId)) return "removed";
  return accountOf(section, accountId).enabled ? "restart" : "disabled";
}

/** Stays pending until the account is to stop: the host takes an end before that for a crash. */
async function startAccount(ctx: Context): Promise<void> {
  const { cfg, account, accountId, abortSignal } = ctx;
  const log = ctx.log ?? console;
  const status = (patch: object): void => ctx.setStatus({ accountId, ...patch });
  if (ctx.channelRuntime === undefined) throw new Error("this gateway gives its channels no runtime: update OpenClaw");
  // The host hands over all of it; the type is that of older ones.
  const context: InboundContext = { cfg, account, runtime: ctx.channelRuntime as unknown as ChannelRuntime, log };
  const at = (time: string | null | undefined): number | null => (time ? Date.parse(time) : null);
  const sidecar = await holdSidecar(sidecarOptions(log));
  const lost = Promise.withResolvers<never>();
  try {
    const started = await sidecar.startAccount(accountId, account.section, {
      answers: {
        "access.check": ({ from }) => checkAccess(context, from),
        "access.approved": async ({ from }) => ({ approved: await isApproved(context, from) }),
        "inbound.message": (message, call) => takeTurn(context, message, call),
        "account.status": ({ lastInboundAt, lastOutboundAt }) =>
          status({ lastInboundAt: at(lastInboundAt), lastOutboundAt: at(lastOutboundAt) }),
        "delivery.updated": ({ to, notice }) => {
          if (!notice) return;
          status({ lastError: notice });
          tellAgent(context, to, notice);
        },
        "optout.updated": ({ from, notice }) => tellAgent(context, from, notice),
        "call.updated": ({ number, notice }) => {
          if (number && notice) tellAgent(context, number, notice);
        },
      },
      running: (fault, isLost) => {
        if (fault === undefined) status({ ...channelReadyPatch(), lastError: null });
        else if (isLost) lost.reject(fault);
        else status({ connected: false, lifecycle: "recovering", lastError: fault.message });
      },
    });
    status({ ...channelReadyPatch(), lastError: null });
    log.info(`telephony: ${accountId} takes webhooks at ${started.webhookUrl}\n${started.console.trimEnd()}`);
  } catch (error) {
    // What has to be changed first is not tried again: the change starts the account anew.
    if (!(error instanceof RpcError) || error.data["retryable"] === true) throw error;
    log.error(`telephony: ${accountId}: ${messageOf(error)}`);
    status(channelBlockedPatch(messageOf(error)));
    return await waitUntilAbort(abortSignal);
  }
  await Promise.race([waitUntilAbort(abortSignal), lost.promise]);
  const reason = stopReason(getRuntime().config.current() as OpenClawConfig, accountId);
  await sidecar.stopAccount(accountId, reason).catch((error: unknown) => log.warn(`telephony: ${messageOf(error)}`));
  status(channelStoppedPatch());
}

export const gateway: Gateway = { startAccount };

// The sidecar of a gateway: keeps one process running, and the accounts in it started.
import { setTimeout as sleep } from "node:timers/promises";
import { findBinary } from "./binary.ts";
import { Child } from "./child.ts";
import type { Log } from "./log.ts";
import type { AccountStarted, HostMethods, Notifications, SidecarMethods, StopReason } from "./protocol.gen.ts";
import { ClosedError, RpcError } from "./transport.ts";

/** How long is waited before a process is started again: doubled each time, up to the longest. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** A process that ran so long was all right: the next wait is the first one again. */
const STEADY_MS = 60_000;

/** What an account of the gateway answers. */
export type AccountHost = {
  [Method in keyof HostMethods]: (params: HostMethods[Method]["params"]) => Promise<HostMethods[Method]["result"]>;
} & {
  hear?<Method extends keyof Notifications>(method: Method, params: Notifications[Method]["params"]): void;
};

export interface SidecarOptions {
  readonly stateDir: string;
  readonly host: string;
  readonly log: Log;
  /** Finds the program; each start looks anew. */
  readonly binary?: () => Promise<string>;
  readonly arguments?: readonly string[];
}

interface Account {
  readonly config: unknown;
  readonly host: AccountHost;
  /** Whether a process has started it, so that the next one has to. */
  started: boolean;
}

export class Sidecar {
  readonly #options: SidecarOptions;
  readonly #accounts = new Map<string, Account>();
  readonly #stopping = new AbortController();
  #child: Child | undefined;
  #started: PromiseWithResolvers<Child>;
  #loop: Promise<void> | undefined;

  constructor(options: SidecarOptions) {
    this.#options = options;
    this.#started = pending();
  }

  /** Starts the process, and starts it again when it ends, until `stop`. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Ends the process; it is gone when this resolves. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#started.reject(new ClosedError(false));
    await this.#child?.stop();
    await this.#loop;
  }

  /** Asks the process. */
  async call<Method extends keyof SidecarMethods>(
    method: Method,
    params: SidecarMethods[Method]["params"],
  ): Promise<SidecarMethods[Method]["result"]> {
    if (this.#child === undefined) throw new ClosedError(false);
    return (await this.#child.transport.call(method, params)) as SidecarMethods[Method]["result"];
  }

  /** Starts an account, here and in each later process, until it is stopped. */
  async startAccount(accountId: string, config: unknown, host: AccountHost): Promise<AccountStarted> {
    const account: Account = { config, host, started: false };
    this.#accounts.set(accountId, account);
    for (;;) {
      await this.#started.promise;
      try {
        const started = await this.call("account.start", { accountId, config });
        account.started = true;
        return started;
      } catch (error) {
        // A process that ended meanwhile is followed by another one.
        if (error instanceof ClosedError && !this.#stopping.signal.aborted) continue;
        if (this.#accounts.get(accountId) === account) this.#accounts.delete(accountId);
        throw error;
      }
    }
  }

  /** Stops an account, unless it was started anew by somebody else already. */
  async stopAccount(accountId: string, host: AccountHost, reason: StopReason): Promise<void> {
    if (this.#accounts.get(accountId)?.host !== host) return;
    this.#accounts.delete(accountId);
    // Without a process nothing of it runs.
    if (this.#child !== undefined) await this.call("account.stop", { accountId, reason });
  }

  async #run(): Promise<void> {
    let wait = FIRST_WAIT_MS;
    while (!this.#stopping.signal.aborted) {
      const begun = Date.now();
      await this.#once();
      if (this.#stopping.signal.aborted) return;
      if (Date.now() - begun >= STEADY_MS) wait = FIRST_WAIT_MS;
      await sleep(wait, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }

  async #once(): Promise<void> {
    const { log, stateDir, host } = this.#options;
    try {
      const binary = await (this.#options.binary ?? findBinary)();
      const answer = (method: string, params: unknown): Promise<unknown> => this.#answer(method, params);
      const options = { binary, stateDir, host, log, answer };
      const child = await Child.start(
        this.#options.arguments ? { ...options, arguments: this.#options.arguments } : options,
      );
      if (this.#stopping.signal.aborted) return await child.stop();
      this.#child = child;
      this.#restart(child);
      this.#started.resolve(child);
      const how = await child.ended;
      if (!this.#stopping.signal.aborted) log.error(`telephony: the process ended (${how}): it is started again`);
    } catch (error) {
      log.error(`telephony: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      this.#child = undefined;
      if (!this.#stopping.signal.aborted) this.#started = pending(this.#started);
    }
  }

  /** Starts in a new process what was started in the last one. */
  #restart(child: Child): void {
    for (const [accountId, { config, started }] of this.#accounts) {
      if (!started) continue;
      child.transport.call("account.start", { accountId, config }).catch((error: Error) => {
        this.#options.log.error(`telephony: account ${accountId}: ${error.message}`);
      });
    }
  }

  async #answer(method: string, params: unknown): Promise<unknown> {
    const { accountId } = params as { accountId: string };
    const host = this.#accounts.get(accountId)?.host;
    if (host === undefined) throw new RpcError(-32000, `account ${accountId} is not started here`);
    switch (method) {
      case "access.check":
        return await host["access.check"](params as HostMethods["access.check"]["params"]);
      case "access.approved":
        return await host["access.approved"](params as HostMethods["access.approved"]["params"]);
      case "inbound.message":
        return await host["inbound.message"](params as HostMethods["inbound.message"]["params"]);
      case "account.status":
      case "delivery.updated":
      case "call.updated":
        return host.hear?.(method, params as never);
      default:
        throw new RpcError(-32601, `there is no method ${method} here`);
    }
  }
}

/** Who waits for the last start waits for the next one. */
function pending(last?: PromiseWithResolvers<Child>): PromiseWithResolvers<Child> {
  const next = Promise.withResolvers<Child>();
  // That nobody waits is no fault.
  next.promise.catch(() => undefined);
  last?.resolve(next.promise);
  return next;
}

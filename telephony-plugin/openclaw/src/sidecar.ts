// The sidecar of a gateway: keeps one process running, and the accounts in it started.
import { findBinary } from "./binary.ts";
import { Child } from "./child.ts";
import type { Log } from "./log.ts";
import type { AccountStarted, HostMethods, Notifications, SidecarMethods, StopReason } from "./protocol.gen.ts";
import { ClosedError, isRecord, messageOf, RpcError } from "./transport.ts";

/** How long is waited before a process is started again: doubled each time, up to the longest. */
export const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** A process that ran so long was all right: the next wait is the first one again. */
const STEADY_MS = 60_000;

/** How long is waited for a process that is being started. */
export const PATIENCE_MS = 10_000;

/** Asks the sidecar. */
export type Call = <Method extends keyof SidecarMethods>(
  method: Method,
  params: SidecarMethods[Method]["params"],
) => Promise<SidecarMethods[Method]["result"]>;

/** What an account answers and hears. `call` asks the process that asks, and no later one. */
export type Answers = {
  [Method in keyof HostMethods]: (
    params: HostMethods[Method]["params"],
    call: Call,
  ) => Promise<HostMethods[Method]["result"]>;
} & { [Method in Told]: (news: Notifications[Method]["params"]) => void };

/** What an account is told of. */
type Told = "account.status" | "call.updated" | "delivery.updated" | "optout.updated";

export interface AccountHost {
  readonly answers: Answers;
  /** The account runs again, or does not: its process has ended, or does not start it any more. */
  running(fault: Error | undefined, isLost: boolean): void;
}

export interface SidecarOptions {
  readonly stateDir: string;
  readonly host: string;
  readonly log: Log;
  /** Finds the program; each start looks anew. */
  readonly binary?: () => Promise<string>;
}

interface Account {
  readonly config: unknown;
  readonly host: AccountHost;
}

export class Sidecar {
  readonly #options: SidecarOptions;
  readonly #accounts = new Map<string, Account>();
  /** What is asked of each account, one after the other. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #next = pending();
  #child: Child | undefined;
  #loop: Promise<void> | undefined;
  #isStopping = false;
  #wake: () => void = () => undefined;

  constructor(options: SidecarOptions) {
    this.#options = options;
  }

  /** Starts the process, and starts it again when it ends, until `stop`. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Ends the process; it is gone when this resolves. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#next.reject(new ClosedError(false));
    this.#wake();
    await this.#child?.stop();
    await this.#loop;
  }

  /** Asks the process, and waits a little for one that is being started. */
  readonly call: Call = async (method, params) => await (this.#child ?? (await this.#soon())).call(method, params);

  /** Starts an account, here and in each later process, until it is stopped or lost. */
  startAccount(accountId: string, config: unknown, host: AccountHost): Promise<AccountStarted> {
    return this.#inTurn(accountId, async () => {
      const child = this.#child ?? (await this.#next.promise);
      // It may be asked about messages before it hears that it has started.
      this.#accounts.set(accountId, { config, host });
      try {
        return await child.call("account.start", { accountId, config });
      } catch (error) {
        this.#accounts.delete(accountId);
        throw error;
      }
    });
  }

  stopAccount(accountId: string, reason: StopReason): Promise<void> {
    return this.#inTurn(accountId, async () => {
      this.#accounts.delete(accountId);
      // Without a process nothing of it runs.
      await this.#child?.call("account.stop", { accountId, reason });
    });
  }

  async #run(): Promise<void> {
    let wait = FIRST_WAIT_MS;
    while (!this.#isStopping) {
      const begun = Date.now();
      const fault = await this.#once().catch((error: unknown) => new Error(messageOf(error), { cause: error }));
      this.#child = undefined;
      if (this.#isStopping) return;
      this.#options.log.error(`telephony: ${fault.message}: it is started again`);
      this.#next.reject(fault);
      this.#next = pending();
      for (const { host } of this.#accounts.values()) host.running(fault, false);
      if (Date.now() - begun >= STEADY_MS) wait = FIRST_WAIT_MS;
      await this.#pause(wait);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }

  /** Runs one process, to its end. */
  async #once(): Promise<Error> {
    const { binary = findBinary, ...options } = this.#options;
    const answer = (child: Child, method: string, params: unknown) => this.#answer(child, method, params);
    const child = await Child.start({ ...options, binary: await binary(), answer });
    if (this.#isStopping) await child.stop();
    // Whoever sends finds the accounts started.
    await Promise.all([...this.#accounts].map(([accountId, account]) => this.#startAgain(child, accountId, account)));
    this.#child = child;
    this.#next.resolve(child);
    return new Error(`the telephony process has ended (${await child.ended})`);
  }

  async #startAgain(child: Child, accountId: string, { config, host }: Account): Promise<void> {
    try {
      await child.call("account.start", { accountId, config });
      host.running(undefined, false);
    } catch (error) {
      // That the process has ended is noticed elsewhere: the next one starts it.
      if (error instanceof ClosedError) return;
      this.#accounts.delete(accountId);
      host.running(new Error(messageOf(error)), true);
    }
  }

  async #answer(child: Child, method: string, params: unknown): Promise<unknown> {
    const accountId = isRecord(params) ? params["accountId"] : undefined;
    const answers = typeof accountId === "string" ? this.#accounts.get(accountId)?.host.answers : undefined;
    if (answers === undefined) throw new RpcError(-32000, "this account is not started here");
    if (!Object.hasOwn(answers, method)) throw new RpcError(-32601, "there is no such method here");
    // Both sides are of one version, as their hashes said: the parameters are what the types say.
    const answer = answers[method as keyof Answers] as (params: unknown, call: Call) => unknown;
    return await answer(params, (method, params) => child.call(method, params));
  }

  async #soon(): Promise<Child> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new ClosedError(false)), PATIENCE_MS);
    try {
      return await Promise.race([this.#next.promise, late.promise]);
    } catch (error) {
      throw new ClosedError(false, messageOf(error));
    } finally {
      clearTimeout(timer);
    }
  }

  #inTurn<Result>(accountId: string, work: () => Promise<Result>): Promise<Result> {
    const result = (this.#turns.get(accountId) ?? Promise.resolve()).then(work);
    this.#turns.set(accountId, result.catch(() => undefined));
    return result;
  }

  async #pause(milliseconds: number): Promise<void> {
    if (this.#isStopping) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, milliseconds);
    await promise;
    clearTimeout(timer);
  }
}

/** The next process. That nobody waits for it is no fault. */
function pending(): PromiseWithResolvers<Child> {
  const next = Promise.withResolvers<Child>();
  next.promise.catch(() => undefined);
  return next;
}

// One process of the sidecar, from its start to its end.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { logLine, type Log } from "./log.ts";
import { PROTOCOL, type SidecarMethods } from "./protocol.gen.ts";
import { SURFACES_HASH } from "./surfaces.gen.ts";
import { messageOf, RpcError, Transport } from "./transport.ts";

/** How long the process may take to introduce itself: it waits ten seconds for one before it to end. */
export const INITIALIZE_MS = 15_000;

/** How long it may take to end. */
export const END_MS = 10_000;

/** What of the environment the process gets: what it documents, and what finds networks and names. */
const ENVIRONMENT =
  /^(PATH|HOME|USER|TMPDIR|TEMP|TMP|LANG|LC_.*|TZ|SSL_CERT_.*|(HTTPS?|ALL|NO)_PROXY|(TELEPHONY|TWILIO|TELNYX|PLIVO|NGROK)_.*)$/i;

export interface ChildOptions {
  readonly binary: string;
  readonly stateDir: string;
  readonly host: string;
  readonly log: Log;
  readonly answer: (child: Child, method: string, params: unknown) => Promise<unknown>;
}

export class Child {
  /** Settles when the process has ended and all that it wrote is read, with how it ended. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #transport: Transport;

  private constructor({ binary, log, answer }: ChildOptions) {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => ENVIRONMENT.test(name)));
    this.#process = spawn(binary, ["rpc"], { env, stdio: "pipe" });
    const { stdin, stdout, stderr } = this.#process;
    createInterface({ input: stderr }).on("line", (line) => logLine(log, line));
    this.#transport = new Transport(stdout, stdin, (method, params) => answer(this, method, params));
    this.ended = new Promise((resolve) => {
      this.#process.once("error", (error) => resolve(messageOf(error)));
      this.#process.once("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    void this.ended.then(() => this.#transport.close());
    // With what writes no lines that can be read nobody can speak.
    void this.#transport.closed.then((fault) => {
      if (fault === undefined) return;
      log.error(`telephony: ${fault}: it is ended`);
      this.#process.kill("SIGKILL");
    });
  }

  /** Starts a process, which is the owner of the state directory when this resolves. */
  static async start(options: ChildOptions): Promise<Child> {
    const { stateDir, host } = options;
    const child = new Child(options);
    const late = setTimeout(() => child.#process.kill("SIGKILL"), INITIALIZE_MS);
    try {
      await child.call("initialize", { protocol: PROTOCOL, host, stateDir, surfacesHash: SURFACES_HASH });
      return child;
    } catch (error) {
      child.#process.kill("SIGKILL");
      const how = await child.ended;
      throw error instanceof RpcError ? error : new Error(`the telephony process did not start (${how})`);
    } finally {
      clearTimeout(late);
    }
  }

  async call<Method extends keyof SidecarMethods>(
    method: Method,
    params: SidecarMethods[Method]["params"],
  ): Promise<SidecarMethods[Method]["result"]> {
    // Both sides are of one version, as their hashes said: the answer is what the types say.
    return (await this.#transport.call(method, params)) as SidecarMethods[Method]["result"];
  }

  /** Ends the process, with time to finish what it has begun; it is gone when this resolves. */
  async stop(): Promise<void> {
    this.call("shutdown", {}).catch(() => undefined);
    this.#process.stdin.end();
    const late = setTimeout(() => this.#process.kill("SIGKILL"), END_MS);
    await this.ended;
    clearTimeout(late);
  }
}

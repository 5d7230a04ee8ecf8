// One process of the sidecar, from its start to its end.
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";
import { logLine, type Log } from "./log.ts";
import { PROTOCOL } from "./protocol.gen.ts";
import { SURFACES_HASH } from "./surfaces.gen.ts";
import { Transport, type Answer } from "./transport.ts";

/** How long the process may take to answer the first question. It waits for one before it to end. */
const INITIALIZE_MS = 15_000;

/** How long it may take to end. */
const END_MS = 10_000;

/** What of the environment the process gets: what it documents, and what finds networks and names. */
const ENVIRONMENT =
  /^(PATH|HOME|USER|TMPDIR|TEMP|TMP|LANG|LC_.*|TZ|SSL_CERT_.*|(HTTPS?|ALL|NO)_PROXY|(TELEPHONY|TWILIO|TELNYX|PLIVO|NGROK)_.*)$/i;

export function environment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => ENVIRONMENT.test(name)));
}

export interface ChildOptions {
  readonly binary: string;
  readonly arguments?: readonly string[];
  readonly stateDir: string;
  readonly host: string;
  readonly log: Log;
  readonly answer: Answer;
}

export class Child {
  readonly transport: Transport;
  /** Settles when the process has ended, with how. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcessWithoutNullStreams;
  #running = true;

  private constructor(process: ChildProcessWithoutNullStreams, log: Log, answer: Answer) {
    this.#process = process;
    this.transport = new Transport(process.stdout, process.stdin, answer);
    createInterface({ input: process.stderr }).on("line", (line) => logLine(log, line));
    this.ended = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#running = false;
        resolve(how);
      };
      process.once("error", (error) => end(error.message));
      process.once("exit", (code, signal) => end(signal ?? `exit code ${code}`));
    });
    // What writes no lines that can be read cannot be spoken to.
    void this.transport.closed.then((fault) => {
      if (fault !== undefined && this.#running) {
        log.error(`telephony: ${fault}: it is ended`);
        this.#process.kill("SIGKILL");
      }
    });
  }

  /** Starts a process, which is the owner of the state directory when this resolves. */
  static async start(options: ChildOptions): Promise<Child> {
    const { binary, stateDir, host, log, answer } = options;
    const process_ = spawn(binary, [...(options.arguments ?? ["rpc"])], {
      env: environment(process.env),
      stdio: ["pipe", "pipe", "pipe"],
    });
    const child = new Child(process_, log, answer);
    const initialize = child.transport.call("initialize", {
      protocol: PROTOCOL,
      host,
      stateDir,
      surfacesHash: SURFACES_HASH,
    });
    try {
      await within(initialize, INITIALIZE_MS, "it did not answer");
      return child;
    } catch (error) {
      process_.kill("SIGKILL");
      const how = await child.ended;
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`the telephony process does not start: ${reason} (${how})`, { cause: error });
    }
  }

  /** Ends the process, and waits until it has ended. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    void this.transport.call("shutdown", {}).catch(() => undefined);
    this.#process.stdin.end();
    try {
      await within(this.ended, END_MS, "it did not end");
    } catch {
      this.#process.kill("SIGKILL");
      await this.ended;
    }
  }
}

async function within<T>(work: Promise<T>, milliseconds: number, late: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${late} within ${milliseconds / 1000} s`)), milliseconds);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

// JSON-RPC 2.0 in both directions, one object a line. Only the framing: what is said is elsewhere.
import type { Readable, Writable } from "node:stream";

/** The most bytes of a line, as the sidecar has it. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** The other side says no. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: number, message: string, data: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** There is no answer. Only what was not `written` is known not to have been carried out. */
export class ClosedError extends Error {
  override readonly name = "ClosedError";
  readonly written: boolean;

  constructor(written: boolean) {
    super(written ? "the telephony process ended before it answered" : "the telephony process is not running");
    this.written = written;
  }
}

/** Answers what the other side asks; the answer of a notification is thrown away. */
export type Answer = (method: string, params: unknown) => Promise<unknown>;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export class Transport {
  /** Settles when no more lines come, with the reason where that is a fault. */
  readonly closed: Promise<string | undefined>;
  readonly #output: Writable;
  readonly #answer: Answer;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #open = true;
  #unfinished = "";
  #close!: (fault?: string) => void;

  constructor(input: Readable, output: Writable, answer: Answer) {
    this.#output = output;
    this.#answer = answer;
    this.closed = new Promise((resolve) => {
      this.#close = (fault) => {
        this.#open = false;
        for (const waiting of this.#waiting.values()) waiting.reject(new ClosedError(true));
        this.#waiting.clear();
        resolve(fault);
      };
    });
    input.setEncoding("utf8");
    input.on("data", (chunk: string) => this.#take(chunk));
    input.on("end", () => this.#close());
    input.on("error", (error) => this.#close(error.message));
    // A process that ended reads nothing; that it ended is said by its output.
    output.on("error", () => undefined);
  }

  /** Asks, and waits for the answer. */
  call(method: string, params: unknown): Promise<unknown> {
    if (!this.#open) return Promise.reject(new ClosedError(false));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#write({ jsonrpc: "2.0", id, method, params });
    });
  }

  #write(message: object): void {
    if (this.#open) this.#output.write(`${JSON.stringify(message)}\n`);
  }

  #take(chunk: string): void {
    if (!this.#open) return;
    const lines = (this.#unfinished + chunk).split("\n");
    this.#unfinished = lines.pop() ?? "";
    for (const line of lines) {
      if (!this.#open) return;
      if (line.trim() !== "") this.#line(line);
    }
    if (this.#unfinished.length > MAX_LINE_BYTES) this.#close("it wrote a line without end");
  }

  #line(line: string): void {
    const message = parse(line);
    if (message === undefined) {
      this.#close("it wrote a line that is no JSON-RPC");
    } else if (typeof message["method"] === "string") {
      void this.#request(message["method"], message["params"], message["id"]);
    } else {
      this.#result(message);
    }
  }

  async #request(method: string, params: unknown, id: unknown): Promise<void> {
    try {
      const result = (await this.#answer(method, params)) ?? {};
      if (id !== undefined) this.#write({ jsonrpc: "2.0", id, result });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const code = error instanceof RpcError ? error.code : -32000;
      if (id !== undefined) this.#write({ jsonrpc: "2.0", id, error: { code, message } });
    }
  }

  #result(message: Readonly<Record<string, unknown>>): void {
    const id = message["id"];
    const waiting = typeof id === "number" ? this.#waiting.get(id) : undefined;
    // An answer to what nobody asked changes nothing.
    if (typeof id !== "number" || waiting === undefined) return;
    this.#waiting.delete(id);
    const error = message["error"];
    if (!isRecord(error)) {
      waiting.resolve(message["result"]);
      return;
    }
    const code = typeof error["code"] === "number" ? error["code"] : -32603;
    const data = isRecord(error["data"]) ? error["data"] : {};
    waiting.reject(new RpcError(code, String(error["message"] ?? "refused"), data));
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) && value["jsonrpc"] === "2.0" ? value : undefined;
  } catch {
    return undefined;
  }
}

// JSON-RPC 2.0 in both directions, one object a line. Only the framing: what is said is elsewhere.
import type { Readable, Writable } from "node:stream";

/** The most bytes of a line, as the sidecar has it. Media travels as paths of files. */
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

  constructor(written: boolean, message?: string) {
    super(message ?? `the telephony process ${written ? "ended before it answered" : "is not running"}`);
    this.written = written;
  }
}

/** Answers what the other side asks; the answer of a notification is thrown away. */
export type Answer = (method: string, params: unknown) => Promise<unknown>;

type Fields = Record<string, unknown>;

export class Transport {
  /** Settles when no more lines come, with the reason where that is a fault. */
  readonly closed: Promise<string | undefined>;
  readonly #output: Writable;
  readonly #answer: Answer;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #end: (fault?: string) => void;
  #nextId = 1;
  #open = true;
  /** The line that is being read, as it came. */
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(input: Readable, output: Writable, answer: Answer) {
    this.#output = output;
    this.#answer = answer;
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    [this.closed, this.#end] = [promise, resolve];
    input.on("data", (chunk: Buffer) => this.#take(chunk));
    input.once("end", () => this.close());
    input.once("error", (error) => this.close(error.message));
    // A process that ended reads nothing; that it ended is said by its output.
    output.on("error", () => undefined);
  }

  /** Asks, and waits for the answer, however late it comes. */
  async call(method: string, params: unknown): Promise<unknown> {
    if (!this.#open) throw new ClosedError(false);
    const id = this.#nextId++;
    const line = encode({ id, method, params });
    if (line === undefined) throw new RpcError(-32602, "the request is longer than 1 MiB");
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#output.write(line);
    return await waiting.promise;
  }

  /** Reads and writes nothing more; whoever waits hears so. */
  close(fault?: string): void {
    if (!this.#open) return;
    this.#open = false;
    for (const { reject } of this.#waiting.values()) reject(new ClosedError(true));
    this.#waiting.clear();
    this.#end(fault);
  }

  #take(chunk: Buffer): void {
    for (let rest = chunk; this.#open; ) {
      const end = rest.indexOf(0x0a);
      const part = end < 0 ? rest : rest.subarray(0, end);
      this.#parts.push(part);
      this.#bytes += part.length;
      if (this.#bytes > MAX_LINE_BYTES) return this.close("it wrote a line longer than 1 MiB");
      if (end < 0) return;
      const line = Buffer.concat(this.#parts).toString("utf8");
      [this.#parts, this.#bytes, rest] = [[], 0, rest.subarray(end + 1)];
      if (line.trim() !== "") this.#line(line);
    }
  }

  #line(line: string): void {
    const message = parseRecord(line);
    if (message?.["jsonrpc"] !== "2.0") this.close("it wrote a line that is no JSON-RPC");
    else if (typeof message["method"] === "string") void this.#request(message["method"], message);
    else this.#result(message);
  }

  async #request(method: string, { id, params }: Fields): Promise<void> {
    const failed = (code: number, message: string, data?: unknown) => encode({ id, error: { code, message, data } });
    let line: string | undefined;
    try {
      line = encode({ id, result: (await this.#answer(method, params)) ?? {} });
    } catch (error) {
      const isOurs = error instanceof RpcError;
      line = failed(isOurs ? error.code : -32603, messageOf(error), isOurs ? error.data : undefined);
    }
    if (id !== undefined && this.#open) this.#output.write(line ?? failed(-32603, "the answer is longer than 1 MiB"));
  }

  #result({ id, result, error }: Fields): void {
    // We write nothing that cannot be read, so that what answers nothing of ours is no answer.
    if (typeof id !== "number" || id < 1 || id >= this.#nextId) return this.close("it answered what nobody asked");
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) return waiting?.resolve(result);
    const { code, message, data } = isRecord(error) ? error : {};
    const number = typeof code === "number" ? code : -32603;
    waiting?.reject(new RpcError(number, String(message ?? "it gave no reason"), isRecord(data) ? data : {}));
  }
}

export function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object that a text is in JSON, if it is one. */
export function parseRecord(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function encode(message: object): string | undefined {
  const line = JSON.stringify({ jsonrpc: "2.0", ...message });
  return Buffer.byteLength(line) > MAX_LINE_BYTES ? undefined : `${line}\n`;
}

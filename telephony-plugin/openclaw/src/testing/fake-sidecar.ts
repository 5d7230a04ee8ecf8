// A stand-in for the binary, whose faults are chosen by the first argument; and what makes one.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** How it goes wrong, if it does. */
export type Fault = "none" | "hangs" | "garbage" | "refuses" | "refuses accounts" | "deaf";

/** Makes a program that behaves like the binary, but for the fault. */
export function fakeSidecar(fault: Fault, version = "0.1.0"): { path: string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), "telephony-fake-"));
  const path = join(directory, "telephony");
  const file = fileURLToPath(import.meta.url);
  const script = `#!/bin/sh\nexec "${process.execPath}" "${file}" "${fault}" "${version}" "$@"\n`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return { path, remove: () => rmSync(directory, { recursive: true }) };
}

interface Line {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: { message: string };
}

function log(message: string): void {
  process.stderr.write(`${JSON.stringify({ level: "INFO", fields: { message } })}\n`);
}

function run(fault: string, version: string): void {
  const say = (object: object) =>
    process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...object })}\n`);
  log(`variables ${Object.keys(process.env).sort().join(",")}`);
  const lines = createInterface({ input: process.stdin });
  if (fault === "hangs" || fault === "deaf") setInterval(() => {}, 60_000);
  lines.on("close", () => fault !== "deaf" && process.exit(0));
  lines.on("line", (text) => {
    const { id, method, params, result, error } = JSON.parse(text) as Line;
    if (method === undefined) {
      log(`answered ${JSON.stringify(error?.message ?? result)}`);
      return;
    }
    log(`asked ${method}`);
    const answer = (result: unknown) => say({ id, result });
    const refuse = (code: number, message: string) => say({ id, error: { code, message } });
    if (method === "initialize") {
      if (fault === "garbage") process.stdout.write("Segmentation fault\n");
      else if (fault === "refuses") refuse(-32000, "the plugin is of another version");
      else if (fault !== "hangs") answer({ protocol: 1, version, pid: process.pid });
    } else if (method === "shutdown") {
      answer({});
    } else if (method === "account.start") {
      if (fault === "refuses accounts") refuse(-32602, "config: no such account");
      else answer({ address: "127.0.0.1:3335", provider: "mock", webhookUrl: "u", console: "" });
    } else if (method === "telephony.call") {
      // A process that dies while it is asked something.
      process.exit(3);
    } else if (method === "telephony.hangup") {
      // Asks back what it is told to.
      say({ id: 1, method: params?.["callId"], params: { accountId: "one", from: "+1" } });
      say({ method: "account.status", params: { accountId: "one", running: true } });
      answer({});
    } else {
      answer({ params, pid: process.pid });
    }
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [fault = "none", version = "", command] = process.argv.slice(2);
  if (command === "--version") process.stdout.write(`telephony ${version}\n`);
  else run(fault, version);
}

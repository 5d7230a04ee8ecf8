// Levels and fields of the sidecar's log.

import assert from "node:assert/strict";
import { test } from "node:test";
import { logLine } from "./log.ts";

test("levels are kept, fields follow the message, and no line is lost", () => {
  const lines: string[] = [];
  const at = (level: string) => (message: string) => lines.push(`${level} ${message}`);
  const logger = { debug: at("d"), info: at("i"), warn: at("w"), error: at("e") };
  const entry = (level: string, fields: object, ...spans: object[]) =>
    JSON.stringify({ timestamp: "t", level, fields, spans });
  logLine(logger, entry("INFO", { message: "started", account_id: "default", parts: 2 }));
  logLine(logger, entry("ERROR", { message: "failed" }));
  logLine(logger, entry("WARN", {}));
  logLine(logger, entry("TRACE", { message: "x" }));
  const outer = { name: "turn", account_id: "default", attempt: 1 };
  logLine(logger, entry("INFO", { message: "sent", message_id: "m" }, outer, { name: "send", attempt: 2 }));
  logLine(logger, "thread 'main' panicked");
  logLine(logger, "  ");
  assert.deepEqual(lines, [
    "i telephony: started account_id=default parts=2",
    "e telephony: failed",
    "w telephony: ",
    "d telephony: x",
    "i telephony: sent account_id=default attempt=2 message_id=m",
    "w telephony: thread 'main' panicked",
  ]);
  logLine(logger, "y".repeat(10_000));
  assert.ok((lines.at(-1)?.length ?? 0) < 2_100);
});

// The sidecar's log, line by line, in the gateway's.
import { isRecord, parseRecord } from "./transport.ts";

/** The most characters of one entry. */
const MAX_LENGTH = 2_000;

export interface Log {
  debug?: ((message: string) => void) | undefined;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Writes a line of the sidecar: JSON as tracing writes it, or whatever it says when it falls over. */
export function logLine(log: Log, line: string): void {
  if (line.trim() === "") return;
  const entry = parseRecord(line);
  if (entry === undefined) return log.warn(`telephony: ${line.slice(0, MAX_LENGTH)}`);
  const { message, ...fields } = isRecord(entry["fields"]) ? entry["fields"] : {};
  const show = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
  const details = Object.entries(fields).map(([key, value]) => ` ${key}=${show(value)}`);
  const text = `telephony: ${show(message ?? "")}${details.join("")}`.slice(0, MAX_LENGTH);
  if (entry["level"] === "ERROR") log.error(text);
  else if (entry["level"] === "WARN") log.warn(text);
  else if (entry["level"] === "INFO") log.info(text);
  else log.debug?.(text);
}

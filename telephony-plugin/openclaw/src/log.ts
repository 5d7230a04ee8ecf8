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
  const { message, ...said } = isRecord(entry["fields"]) ? entry["fields"] : {};
  const fields = { ...about(entry["spans"]), ...said };
  const show = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
  const details = Object.entries(fields).map(([key, value]) => ` ${key}=${show(value)}`);
  const text = `telephony: ${show(message ?? "")}${details.join("")}`.slice(0, MAX_LENGTH);
  if (entry["level"] === "ERROR") log.error(text);
  else if (entry["level"] === "WARN") log.warn(text);
  else if (entry["level"] === "INFO") log.info(text);
  else log.debug?.(text);
}

/** What an entry is about, as the spans say that it was logged in: the innermost knows best. */
function about(spans: unknown): Record<string, unknown> {
  const ours = Array.isArray(spans) ? spans.filter(isRecord) : [];
  const { name: _, ...fields } = Object.assign({}, ...ours) as Record<string, unknown>;
  return fields;
}

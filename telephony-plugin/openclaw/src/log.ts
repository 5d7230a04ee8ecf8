// The sidecar's log, line by line, in the gateway's.

export interface Log {
  debug?: ((message: string) => void) | undefined;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Writes a line of the sidecar: JSON as tracing writes it, or whatever it says when it falls over. */
export function logLine(log: Log, line: string): void {
  if (line.trim() === "") return;
  const entry = parse(line);
  if (entry === undefined) {
    log.warn(`telephony: ${line}`);
    return;
  }
  const { message, ...fields } = entry.fields;
  const details = Object.entries(fields).map(([key, value]) => ` ${key}=${String(value)}`);
  const text = `telephony: ${String(message ?? "")}${details.join("")}`;
  switch (entry.level) {
    case "ERROR":
      return log.error(text);
    case "WARN":
      return log.warn(text);
    case "INFO":
      return log.info(text);
    default:
      return log.debug?.(text);
  }
}

function parse(line: string): { level: unknown; fields: Record<string, unknown> } | undefined {
  try {
    const entry = JSON.parse(line) as { level?: unknown; fields?: Record<string, unknown> };
    return { level: entry.level, fields: entry.fields ?? {} };
  } catch {
    return undefined;
  }
}

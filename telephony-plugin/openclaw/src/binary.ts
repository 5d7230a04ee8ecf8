// Where the telephony program is. It is looked up each time: an update moves the package.
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { VERSION } from "./surfaces.gen.ts";

/** How long the program may take to say its version. */
const PATIENCE_MS = 10_000;

export interface Platform {
  readonly os: string;
  readonly cpu: string;
  readonly musl: boolean;
}

/** The machine this runs on. */
export function platform(): Platform {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const musl = process.platform === "linux" && report.header?.glibcVersionRuntime === undefined;
  return { os: process.platform, cpu: process.arch, musl };
}

/** The package that carries the program for a machine. */
export function platformPackage({ os, cpu, musl }: Platform): string {
  return `@openclaw/telephony-${os}-${cpu}${musl ? "-musl" : ""}`;
}

/** The places the program may be at, the first one first. */
export function candidates(env: NodeJS.ProcessEnv, machine: Platform, here: string): string[] {
  const named = env["TELEPHONY_BINARY"];
  if (named) return [named];
  const found: string[] = [];
  try {
    const manifest = createRequire(here).resolve(`${platformPackage(machine)}/package.json`);
    found.push(path.join(path.dirname(manifest), "bin", "telephony"));
  } catch {
    // Not installed: the package may carry the program itself.
  }
  found.push(path.join(packageRoot(path.dirname(here)), "bin", "telephony"));
  return found;
}

/** The folder of our own package: this file is in `src/` before it is built, in `dist/src/` after. */
function packageRoot(folder: string): string {
  for (let at = folder; ; at = path.dirname(at)) {
    const manifest = path.join(at, "openclaw.plugin.json");
    if (existsSync(manifest) || path.dirname(at) === at) return at;
  }
}

/** The program, once it has said that it is of this version. */
export async function findBinary(
  env: NodeJS.ProcessEnv = process.env,
  machine: Platform = platform(),
  here: string = fileURLToPath(import.meta.url),
): Promise<string> {
  const tried = candidates(env, machine, here);
  const binary = tried.find((candidate) => existsSync(candidate));
  if (binary === undefined) {
    throw new Error(
      `there is no telephony program for ${machine.os} ${machine.cpu}: install ` +
        `${platformPackage(machine)}@${VERSION}, or set TELEPHONY_BINARY to one that you built`,
    );
  }
  const version = await versionOf(binary);
  if (version !== VERSION) {
    throw new Error(
      `the telephony program at ${binary} is of version ${version}, and the plugin of ${VERSION}: install both again`,
    );
  }
  return binary;
}

async function versionOf(binary: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(binary, ["--version"], { timeout: PATIENCE_MS });
    return stdout.trim().split(" ").at(-1) ?? "";
  } catch (error) {
    throw new Error(`the telephony program at ${binary} does not run on this machine`, { cause: error });
  }
}

/** Whether a copy of this package is the one in a folder; for tests of the layout. */
export function manifestId(folder: string): unknown {
  return JSON.parse(readFileSync(path.join(folder, "openclaw.plugin.json"), "utf8")).id;
}

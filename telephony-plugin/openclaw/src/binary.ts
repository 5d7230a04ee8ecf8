// Where the telephony program is. It is looked up at each start: an update moves the package.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { VERSION } from "./surfaces.gen.ts";

/** How long the program may take to say its version. */
const PATIENCE_MS = 10_000;

const HERE = {
  env: process.env,
  os: process.platform as string,
  cpu: process.arch as string,
  /** A folder of this package: the host may run a copy of it. */
  folder: import.meta.dirname,
  version: VERSION as string,
};

export type Search = Readonly<typeof HERE>;

/** The first program that has said that it is of this version. */
export async function findBinary(search: Search = HERE): Promise<string> {
  const { env, os, cpu, version } = search;
  const name = `@openclaw/telephony-${os}-${cpu}`;
  const named = env["TELEPHONY_BINARY"];
  const candidates = named ? [named] : installed(search, name);
  const faults: string[] = [];
  for (const candidate of candidates) {
    const fault = await faultOf(candidate, version);
    if (fault === undefined) return candidate;
    faults.push(`${candidate} ${fault}`);
  }
  const found = faults.length > 0 ? ` (${faults.join("; ")})` : "";
  throw new Error(
    `there is no telephony program ${version} for ${os} ${cpu}${found}: install the plugin again, with ` +
      `${name}@${version}, or set TELEPHONY_BINARY to the path of one that you built`,
  );
}

/** What is installed: npm leaves out the platform packages that do not fit this machine's C library. */
function installed({ os, folder }: Search, name: string): string[] {
  const found = (os === "linux" ? [name, `${name}-musl`] : [name]).flatMap((wanted) => {
    try {
      const manifest = createRequire(path.join(folder, "x.js")).resolve(`${wanted}/package.json`);
      return [path.join(path.dirname(manifest), "bin", "telephony")];
    } catch {
      return [];
    }
  });
  let root = folder;
  while (!existsSync(path.join(root, "openclaw.plugin.json")) && path.dirname(root) !== root) root = path.dirname(root);
  return [...found, path.join(root, "bin", "telephony")].filter((candidate) => existsSync(candidate));
}

async function faultOf(binary: string, version: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(binary, ["--version"], { timeout: PATIENCE_MS });
    const found = stdout.trim().split(" ").at(-1) ?? "";
    return found === version ? undefined : `is of version ${found}`;
  } catch {
    return "does not run on this machine";
  }
}

// Where a binary is looked for, and what is said when none fits.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { findBinary, type Search } from "./binary.ts";

const top = mkdtempSync(join(tmpdir(), "telephony-binary-"));
after(() => rmSync(top, { recursive: true }));

let packages = 0;

/** A package with the files that are named, each of which says that it is that version. */
function search(files: Record<string, string>, env: Search["env"] = {}): Search {
  const root = join(top, String(packages++), "node_modules", "@openclaw", "telephony");
  mkdirSync(root, { recursive: true });
  for (const [name, version] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `#!/bin/sh\necho telephony ${version}\n`);
    chmodSync(path, 0o755);
    writeFileSync(join(dirname(dirname(path)), "package.json"), "{}");
  }
  writeFileSync(join(root, "openclaw.plugin.json"), "{}");
  return { version: "1.2.3", folder: join(root, "dist", "src"), os: "linux", cpu: "x64", env };
}

const platform = "../telephony-linux-x64/bin/telephony";

test("the platform's package comes before what is bundled", async () => {
  const both = search({ [platform]: "1.2.3", "bin/telephony": "1.2.3" });
  assert.match(await findBinary(both), /telephony-linux-x64\/bin\/telephony$/);
  const musl = search({ "node_modules/@openclaw/telephony-linux-x64-musl/bin/telephony": "1.2.3" });
  assert.match(await findBinary(musl), /x64-musl\/bin\/telephony$/);
  const bundled = search({ "bin/telephony": "1.2.3" });
  assert.match(await findBinary(bundled), /@openclaw\/telephony\/bin\/telephony$/);
});

test("what is of another version is passed over", async () => {
  const path = await findBinary(search({ [platform]: "1.2.2", "bin/telephony": "1.2.3" }));
  assert.match(path, /@openclaw\/telephony\/bin\/telephony$/);
});

test("a binary that is named is the only one", async () => {
  const named = join(search({ "own/telephony": "1.2.3" }).folder, "../../own/telephony");
  const good = search({ "bin/telephony": "1.2.3" }, { TELEPHONY_BINARY: named });
  assert.equal(await findBinary(good), named);
  const gone = search({ "bin/telephony": "1.2.3" }, { TELEPHONY_BINARY: "/nowhere/telephony" });
  await assert.rejects(findBinary(gone), /no telephony program 1\.2\.3 .*\/nowhere\/telephony does not run/);
});

test("where none fits it is said what to do", async () => {
  await assert.rejects(findBinary(search({})), (error: unknown) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, /no telephony program 1\.2\.3 for linux x64: install/);
    assert.match(error.message, /@openclaw\/telephony-linux-x64@1\.2\.3.*TELEPHONY_BINARY/);
    return true;
  });
  const other = search({ "bin/telephony": "9.9.9" });
  await assert.rejects(findBinary(other), /bin\/telephony is of version 9\.9\.9\)/);
});

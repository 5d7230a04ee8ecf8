// The pure functions say what the program says: its vectors are the judge.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { accountIds, accountOf, defaultAccountId, merge, normalizeNumber } from "./accounts.ts";

interface Vectors {
  accounts: {
    section: Record<string, unknown>;
    valid: boolean;
    defaultAccount: string | null;
    accounts: { id: string; enabled: boolean; policy: string }[];
  }[];
  targets: { text: string; number: string | null }[];
}

const vectors = JSON.parse(readFileSync(new URL("policy.vectors.json", import.meta.url), "utf8")) as Vectors;

test("there are vectors", () => assert.ok(vectors.accounts.length > 10 && vectors.targets.length > 10));

for (const { section, valid, defaultAccount, accounts } of vectors.accounts) {
  test(`accounts of ${JSON.stringify(section)}`, () => {
    const found = accountIds(section).map((id) => accountOf(section, id, {}));
    if (!valid) {
      // What the program refuses is either incomplete here, or left for it to refuse.
      const isComplete = found.some(({ enabled, configured }) => enabled && configured);
      assert.ok(!isComplete || section["inboundPolicy"] === "");
      return;
    }
    assert.deepEqual(found.map(({ accountId: id, enabled, policy }) => ({ id, enabled, policy })), accounts);
    assert.ok(found.every(({ configured }) => configured));
    if (defaultAccount !== null) assert.equal(defaultAccountId(section), defaultAccount);
  });
}

for (const { text, number } of vectors.targets) {
  test(`target ${JSON.stringify(text)}`, () => assert.equal(normalizeNumber(text) ?? null, number));
}

test("the policy open admits everybody, as the host writes it", () => {
  const section = { enabled: true, provider: "mock", fromNumber: "+15550001111", inboundPolicy: "open" };
  assert.deepEqual(accountOf(section, null, {}).allowFrom, ["*"]);
  assert.deepEqual(accountOf({ ...section, allowFrom: ["*"] }, null, {}).allowFrom, ["*"]);
  assert.deepEqual(accountOf({ ...section, inboundPolicy: "pairing" }, null, {}).allowFrom, []);
});

test("what is no policy lets nobody in", () => {
  assert.equal(accountOf({ provider: "mock", inboundPolicy: "everybody" }, null, {}).policy, "disabled");
});

test("an account's policy replaces the root's, under either name", () => {
  const section = { provider: "mock", inboundPolicy: "open", accounts: { one: { dmPolicy: "allowlist" } } };
  const { policy, policyKey } = accountOf(section, "one", {});
  assert.deepEqual([policy, policyKey], ["allowlist", "dmPolicy"]);
});

test("variables stand in for the default account's keys alone", () => {
  const env = { TWILIO_ACCOUNT_SID: "AC", TWILIO_AUTH_TOKEN: "t" };
  const section = { provider: "twilio", fromNumber: "+15550001111", accounts: { two: { fromNumber: "+15550002222" } } };
  assert.equal(accountOf(section, "default", env).configured, true);
  assert.equal(accountOf(section, "two", env).configured, false);
  assert.equal(accountOf(section, "gone", env).configured, false);
});

test("sections are laid over each other, but references are whole", () => {
  const under = { twilio: { accountSid: "AC", authToken: "t" }, name: "a" };
  const over = { twilio: { authToken: { source: "env", id: "T" } } };
  const merged = { twilio: { accountSid: "AC", authToken: { source: "env", id: "T" } }, name: "a" };
  assert.deepEqual(merge(under, over), merged);
});

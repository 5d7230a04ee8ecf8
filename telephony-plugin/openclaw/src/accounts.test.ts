// What the vectors of the program do not say.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accountOf, merge } from "./accounts.ts";

test("the policy open admits everybody, as the host writes it", () => {
  const section = { enabled: true, provider: "mock", fromNumber: "+15550001111", inboundPolicy: "open" };
  assert.deepEqual(accountOf(section, null, {}).allowFrom, ["*"]);
  assert.deepEqual(accountOf({ ...section, allowFrom: ["*"] }, null, {}).allowFrom, ["*"]);
  assert.deepEqual(accountOf({ ...section, inboundPolicy: "pairing" }, null, {}).allowFrom, []);
});

test("what is no policy lets nobody in", () => {
  assert.equal(accountOf({ provider: "mock", inboundPolicy: "everybody" }, null, {}).policy, "disabled");
});

test("a provider that nobody knows is not set up, whatever its name", () => {
  for (const provider of ["acme", "constructor", "__proto__"]) {
    assert.equal(accountOf({ enabled: true, provider, fromNumber: "+15550001111" }, null, {}).configured, false);
  }
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

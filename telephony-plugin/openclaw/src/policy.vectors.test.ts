// What is said of a configuration without the program is what the program says of it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { accountIds, accountOf, defaultAccountId, normalizeNumber } from "./accounts.ts";

interface AccountVector {
  readonly id: string;
  readonly enabled: boolean;
  readonly configured: boolean;
  readonly policy: string;
  readonly policyKey: string;
  readonly allowFrom: readonly string[];
}

interface SectionVector {
  readonly about: string;
  readonly section: Readonly<Record<string, unknown>>;
  readonly environment: NodeJS.ProcessEnv;
  readonly valid: boolean;
  readonly defaultAccount?: string | null;
  readonly accounts?: readonly AccountVector[];
  readonly incomplete?: readonly string[];
}

interface Vectors {
  readonly accounts: readonly SectionVector[];
  readonly targets: readonly { readonly text: string; readonly number: string | null }[];
}

const vectors = JSON.parse(readFileSync(new URL("./policy.vectors.json", import.meta.url), "utf8")) as Vectors;

for (const { about, section, environment, valid, defaultAccount, accounts = [], incomplete = [] } of vectors.accounts) {
  test(`section: ${about}`, () => {
    if (!valid) {
      for (const id of incomplete) {
        assert.equal(accountOf(section, id, environment).configured, false, id);
      }
      return;
    }
    const ids = accounts.map((account) => account.id);
    assert.deepEqual(accountIds(section), ids);
    if (defaultAccount !== null) assert.equal(defaultAccountId(section), defaultAccount);
    for (const expected of accounts) {
      const account = accountOf(section, expected.id, environment);
      const { enabled, configured, policy, policyKey, allowFrom } = account;
      assert.deepEqual({ id: account.accountId, enabled, configured, policy, policyKey, allowFrom }, expected);
    }
  });
}

for (const { text, number } of vectors.targets) {
  test(`target: ${JSON.stringify(text)}`, () => {
    assert.equal(normalizeNumber(text) ?? null, number);
  });
}

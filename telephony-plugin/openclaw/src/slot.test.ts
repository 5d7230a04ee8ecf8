// Two loads of the module, as the gateway does it, share one sidecar.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import type { SidecarOptions } from "./sidecar.ts";
import * as first from "./slot.ts";
import { fakeSidecar } from "./testing/fake-sidecar.ts";
import { ClosedError } from "./transport.ts";

const second = (await import(`./slot.ts?${"again"}`)) as typeof first;
const key = Symbol.for("@openclaw/telephony/sidecar");
const place = globalThis as { [key]?: unknown };
const fake = fakeSidecar("none");

afterEach(async () => {
  await first.releaseSidecar();
  await second.releaseSidecar();
  place[key] = undefined;
});

const quiet = () => undefined;
const log = { info: quiet, warn: quiet, error: quiet };
const options: SidecarOptions = { stateDir: "/tmp/x", host: "test", log, binary: async () => fake.path };

test("where none runs it is said what to do", () => {
  assert.throws(() => first.currentSidecar(), /start the gateway/);
});

test("both loads hold the same one, and it ends with the last", async () => {
  assert.notEqual(first.holdSidecar, second.holdSidecar);
  const sidecar = await first.holdSidecar(options);
  assert.equal(await second.holdSidecar(options), sidecar);
  assert.equal(second.currentSidecar(), sidecar);
  const { pid } = (await sidecar.call("telephony.status", {})) as { pid: number };
  await first.releaseSidecar();
  await first.releaseSidecar();
  assert.ok(process.kill(pid, 0));
  const released = second.releaseSidecar();
  assert.throws(() => first.currentSidecar(), ClosedError);
  await released;
  assert.throws(() => process.kill(pid, 0));
  assert.equal(place[key], undefined);
});

test("one that is ending, or of another version, is waited for", async () => {
  const stopping = Promise.withResolvers<void>();
  let stops = 0;
  const old = { stop: () => (stops++, stopping.promise) };
  place[key] = { version: "0.0.1", sidecar: old, holders: new Set([Symbol()]) };
  assert.throws(() => first.currentSidecar(), /was updated/);
  const held = [first.holdSidecar(options), second.holdSidecar(options)];
  stopping.resolve();
  const [one, two] = await Promise.all(held);
  assert.equal(one, two);
  assert.equal(stops, 1);
  assert.ok(await first.currentSidecar().call("telephony.status", {}));
});

process.on("exit", fake.remove);

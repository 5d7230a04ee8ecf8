// A real process that dies, hangs, prints garbage or refuses. Time passes only where a test says.

import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { after, afterEach, beforeEach, mock, test } from "node:test";
import { END_MS, INITIALIZE_MS } from "./child.ts";
import { type AccountHost, FIRST_WAIT_MS, PATIENCE_MS, Sidecar } from "./sidecar.ts";
import { type Fault, fakeSidecar } from "./testing/fake-sidecar.ts";
import { ClosedError } from "./transport.ts";

const cleanups: (() => unknown)[] = [];
after(() => cleanups.forEach((clean) => clean()));

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(async () => {
  await sidecar?.stop();
  mock.timers.reset();
});

let sidecar: Sidecar | undefined;

/** A started sidecar whose processes have these faults, one after the other, and its log. */
function started(...faults: (Fault | Error)[]): { sidecar: Sidecar; logged: Logged } {
  const logged = new Logged();
  let index = 0;
  const binary = async () => {
    const fault = faults[Math.min(index++, faults.length - 1)] ?? "none";
    if (fault instanceof Error) throw fault;
    const fake = fakeSidecar(fault);
    cleanups.push(fake.remove);
    return fake.path;
  };
  const made = new Sidecar({ binary, host: "test", stateDir: "/tmp/x", log: logged });
  made.start();
  made.start();
  sidecar = made;
  return { sidecar: made, logged };
}

class Logged {
  readonly entries: string[] = [];
  readonly #emitter = new EventEmitter();

  readonly info = (message: string): void => {
    this.entries.push(message);
    this.#emitter.emit("entry");
  };
  readonly warn = this.info;
  readonly error = this.info;

  /** Waits until so many entries hold the text. */
  async holds(text: string, count = 1): Promise<void> {
    while (this.entries.filter((entry) => entry.includes(text)).length < count) {
      await once(this.#emitter, "entry");
    }
  }
}

function host(events: string[] = []): AccountHost {
  return {
    answers: {
      "access.approved": async () => ({ approved: true }),
      "access.check": async () => ({ decision: "allow" }),
      "inbound.message": async (message, call) => {
        await call("inbound.adopted", { id: message.id });
        return { taken: true };
      },
      "account.status": ({ accountId }) => events.push(`status ${accountId}`),
      "call.updated": ({ id }) => events.push(`call ${id}`),
      "delivery.updated": ({ id }) => events.push(`delivery ${id}`),
      "optout.updated": ({ accountId }) => events.push(`optout ${accountId}`),
    },
    running: (fault, isLost) => events.push(`${isLost ? "lost" : "running"} ${fault?.message}`),
  };
}

const isClosed = (written: boolean) => (error: unknown) => error instanceof ClosedError && error.written === written;

/** Lets what is ready run, before time passes. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

test("it is asked, asks back, and ends when it is stopped", async () => {
  const { sidecar, logged } = started("none");
  const events: string[] = [];
  await sidecar.startAccount("one", { provider: "mock" }, host(events));
  const answer: unknown = await sidecar.call("telephony.message_status", { id: "x" });
  assert.deepEqual((answer as { params: unknown }).params, { id: "x" });
  await sidecar.call("telephony.hangup", { callId: "access.approved" });
  await logged.holds('answered {"approved":true}');
  assert.deepEqual(events, ["status one"]);
  await sidecar.call("telephony.hangup", { callId: "no.such" });
  await logged.holds("no such method");
  await sidecar.stopAccount("one", "restart");
  await sidecar.call("telephony.hangup", { callId: "access.approved" });
  await logged.holds("this account is not started here");
  await sidecar.stop();
  await assert.rejects(sidecar.call("telephony.status", {}), isClosed(false));
  await logged.holds("asked shutdown");
});

test("what belongs to a message is said to the process that handed it over", async () => {
  const { sidecar, logged } = started("none");
  const handed = Promise.withResolvers<void>();
  const adopt = Promise.withResolvers<void>();
  await sidecar.startAccount("one", {}, {
    ...host(),
    answers: {
      ...host().answers,
      "inbound.message": async (_, call) => {
        handed.resolve();
        await adopt.promise;
        await assert.rejects(call("inbound.adopted", { id: "m" }), isClosed(false));
        logged.info("not adopted");
        return { taken: true };
      },
    },
  });
  await sidecar.call("telephony.hangup", { callId: "inbound.message" });
  await handed.promise;
  await assert.rejects(sidecar.call("telephony.call", { to: "+1" }), isClosed(true));
  await logged.holds("has ended");
  adopt.resolve();
  await logged.holds("not adopted");
});

test("its environment is scrubbed", async () => {
  process.env["OPENAI_API_KEY"] = "secret";
  const { logged } = started("none");
  await logged.holds("variables");
  delete process.env["OPENAI_API_KEY"];
  const entry = logged.entries.find((entry) => entry.includes("variables"));
  assert.doesNotMatch(entry ?? "", /OPENAI/);
  assert.match(entry ?? "", /HOME/);
});

test("a death is noticed, and accounts are started again in the next process", async () => {
  const { sidecar, logged } = started("none");
  const events: string[] = [];
  await sidecar.startAccount("one", {}, host(events));
  await assert.rejects(sidecar.call("telephony.call", { to: "+1" }), isClosed(true));
  await logged.holds("the telephony process has ended (exit code 3)");
  await turn();
  mock.timers.tick(FIRST_WAIT_MS);
  const answer: unknown = await sidecar.call("telephony.status", {});
  assert.ok(answer);
  assert.deepEqual(events, ["running the telephony process has ended (exit code 3)", "running undefined"]);
  await logged.holds("asked account.start", 2);
});

test("an account that does not start again is lost, the others are not", async () => {
  const { sidecar, logged } = started("none", "refuses accounts");
  const events: string[] = [];
  await sidecar.startAccount("one", {}, host(events));
  await assert.rejects(sidecar.call("telephony.call", { to: "+1" }), isClosed(true));
  await logged.holds("has ended");
  await turn();
  mock.timers.tick(FIRST_WAIT_MS);
  await sidecar.call("telephony.status", {});
  assert.equal(events.at(-1), "lost config: no such account");
});

test("one that hangs is ended, and another is started", async () => {
  const { sidecar, logged } = started("hangs", "none");
  await logged.holds("asked initialize");
  mock.timers.tick(INITIALIZE_MS);
  await logged.holds("did not start (SIGKILL)");
  await turn();
  mock.timers.tick(FIRST_WAIT_MS);
  assert.ok(await sidecar.call("telephony.status", {}));
});

test("garbage and refusals are said, and it is tried again, ever less often", async () => {
  const { sidecar, logged } = started("garbage", "refuses", new Error("no binary"), "none");
  const waiting = sidecar.startAccount("one", {}, host());
  await assert.rejects(waiting, /did not start \(SIGKILL\)/);
  await logged.holds("it wrote a line that is no JSON-RPC");
  await logged.holds("it is started again", 1);
  let pause = FIRST_WAIT_MS;
  for (const [count, why] of [[2, "the plugin is of another version"], [3, "no binary"]] as const) {
    await turn();
    mock.timers.tick(pause - 1);
    await turn();
    assert.equal(logged.entries.filter((entry) => entry.includes("it is started again")).length, count - 1);
    mock.timers.tick(1);
    await logged.holds(why);
    pause *= 2;
  }
  await turn();
  mock.timers.tick(pause);
  assert.ok(await sidecar.call("telephony.status", {}));
});

test("who asks while there is no process waits a little, and is told that nothing was done", async () => {
  const { sidecar, logged } = started("hangs");
  await logged.holds("asked initialize");
  const asked = sidecar.call("telephony.status", {});
  await turn();
  mock.timers.tick(PATIENCE_MS);
  await assert.rejects(asked, isClosed(false));
  mock.timers.tick(INITIALIZE_MS);
});

test("one that does not end is ended", async () => {
  const { sidecar, logged } = started("deaf");
  await sidecar.call("telephony.status", {});
  const stopped = sidecar.stop();
  await logged.holds("asked shutdown");
  mock.timers.tick(END_MS);
  await stopped;
});

// The order of an inbound turn, against a stand-in for the gateway's helpers.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { accountOf } from "./accounts.ts";
import { checkAccess, type InboundContext, type InboundRuntime, isApproved, takeTurn } from "./inbound.ts";
import type { InboundTurn } from "./protocol.gen.ts";
import type { Call } from "./sidecar.ts";
import { RpcError } from "./transport.ts";

type Run = Parameters<InboundRuntime["inbound"]["run"]>[0];
type Lifecycle = NonNullable<Run["turnAdoptionLifecycle"]>;

interface World {
  context: InboundContext;
  call: Call;
  events: string[];
}

/** A gateway that says of a sender what it is told to, and runs turns as it is told to. */
function world(decision: string, turn: (lifecycle: Lifecycle, run: Run) => Promise<void>, code = "ABCD2345"): World {
  const events: string[] = [];
  const senderAccess = { allowed: decision === "allow", decision, reasonCode: "because" };
  const runtime = {
    commands: { shouldComputeCommandAuthorized: () => false, isControlCommandMessage: () => false },
    pairing: {
      readAllowFromStore: async () => ["+15550001234"],
      upsertPairingRequest: async ({ id }: { id: string }) => {
        events.push(`pairing request ${id}`);
        return { code, created: true };
      },
    },
    routing: { resolveAgentRoute: () => ({ agentId: "main", sessionKey: "session" }) },
    media: {
      saveMediaBuffer: async (bytes: Buffer, contentType: string, folder: string, most: number, name: string) => {
        events.push(`saved ${bytes} ${contentType} ${folder} ${most} ${name}`);
        return { path: "/host/copy.png", contentType };
      },
    },
    inbound: {
      ingress: {
        resolveStable: async ({ contextBinding }: { contextBinding?: { messageId: string } }) => {
          events.push(`authorized ${contextBinding?.messageId ?? ""}`);
          return { senderAccess, commandAccess: { requested: false, authorized: false } };
        },
      },
      buildContext: (parameters: { media: unknown[] }) => {
        events.push(`context ${JSON.stringify(parameters.media)}`);
        return {};
      },
      run: async (run: Run) => {
        events.push("run");
        assert.ok(run.turnAdoptionLifecycle);
        await turn(run.turnAdoptionLifecycle, run);
      },
    },
  } as unknown as InboundRuntime;
  const section = { enabled: true, provider: "mock", fromNumber: "+15550001111" };
  const log = { info: () => undefined, warn: () => events.push("warned"), error: () => undefined };
  const call = (async (method: string, params: { id: string }) => {
    events.push(`${method} ${params.id}`);
    return {};
  }) as Call;
  return { context: { cfg: {}, account: accountOf(section, "default", {}), runtime, log }, call, events };
}

const message: InboundTurn = {
  accountId: "default",
  id: "msg_1",
  from: "+15550001234",
  to: "+15550001111",
  text: "Hello",
  media: [],
  receivedAt: "2026-01-01T00:00:00Z",
};

test("the model waits until the sidecar has written down that the host took the message", async () => {
  const { context, call, events } = world("allow", async (lifecycle) => {
    await lifecycle.onAdopted?.();
    events.push("model");
    lifecycle.onSettled?.();
  });
  assert.deepEqual(await takeTurn(context, message, call), { taken: true });
  const order = ["authorized msg_1", "run", "inbound.adopted msg_1", "model", "inbound.settled msg_1"];
  assert.deepEqual(events, order);
});

test("what the sidecar does not let go of, the model does not see", async () => {
  const { context, events } = world("allow", async (lifecycle) => {
    await lifecycle.onAdopted?.();
    events.push("model");
  });
  const call = (async (method: string) => {
    events.push(method);
    if (method === "inbound.adopted") throw new RpcError(-32001, "this message is in no turn");
    return {};
  }) as Call;
  await assert.rejects(takeTurn(context, message, call), /in no turn/);
  assert.deepEqual(events.slice(-3), ["inbound.adopted", "warned", "inbound.settled"]);
});

test("a message that the host knows is taken, though nobody adopts it", async () => {
  const { context, call, events } = world("allow", async () => undefined);
  assert.deepEqual(await takeTurn(context, message, call), { taken: true });
  assert.deepEqual(events.slice(-2), ["run", "inbound.settled msg_1"]);
});

test("a turn that is put off is waited for", async () => {
  const off = Promise.withResolvers<Lifecycle>();
  const { context, call, events } = world("allow", async (lifecycle) => {
    lifecycle.onDeferred?.();
    off.resolve(lifecycle);
  });
  const taken = takeTurn(context, message, call);
  const lifecycle = await off.promise;
  await new Promise(setImmediate);
  assert.equal(events.at(-1), "run");
  await lifecycle.onAdopted?.();
  lifecycle.onSettled?.();
  assert.deepEqual(await taken, { taken: true });
  assert.deepEqual(events.slice(-2), ["inbound.adopted msg_1", "inbound.settled msg_1"]);
});

test("a turn that is put off and given up comes again", async () => {
  const { context, call, events } = world("allow", async (lifecycle) => {
    lifecycle.onDeferred?.();
    setImmediate(() => {
      lifecycle.onAbandoned?.();
      lifecycle.onSettled?.();
    });
  });
  assert.deepEqual(await takeTurn(context, message, call), { taken: false });
  assert.equal(events.filter((event) => event.startsWith("inbound.settled")).length, 1);
});

test("a turn that fails is an error, and is settled once", async () => {
  const { context, call, events } = world("allow", async (lifecycle) => {
    lifecycle.onSettled?.();
    throw new Error("another process owns the state");
  });
  await assert.rejects(takeTurn(context, message, call), /another process/);
  assert.deepEqual(events.slice(-2), ["warned", "inbound.settled msg_1"]);
});

test("who may not talk any more does not reach the model", async () => {
  const { context, call, events } = world("block", async () => undefined);
  await assert.rejects(takeTurn(context, message, call), /may not talk any more/);
  assert.ok(!events.includes("run"));
});

test("the host has its own copies of files, and knows them", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "telephony-inbound-"));
  const file = path.join(folder, "cat.png");
  writeFileSync(file, "PNG");
  const { context, call, events } = world("allow", async (_, { adapter }) => {
    const input = await adapter.ingest(message);
    assert.ok(input);
    assert.deepEqual([input.id, input.timestamp], ["msg_1", Date.UTC(2026)]);
    await adapter.resolveTurn(input, { kind: "message", canStartAgentTurn: true }, {});
  });
  const media = [{ path: file, contentType: "image/png" }];
  await takeTurn(context, { ...message, media }, call);
  rmSync(folder, { recursive: true });
  assert.ok(events.includes("saved PNG image/png inbound 5000000 cat.png"));
  assert.match(events.find((event) => event.startsWith("context")) ?? "", /\/host\/copy\.png/);
});

test("replies go through the durable queue, in no thread", async () => {
  let durable: unknown;
  const { context, call } = world("allow", async (_, { adapter }) => {
    const input = await adapter.ingest(message);
    assert.ok(input);
    const turn = await adapter.resolveTurn(input, { kind: "message", canStartAgentTurn: true }, {});
    assert.ok("delivery" in turn && typeof turn.delivery.durable === "function");
    durable = await turn.delivery.durable({}, { kind: "final" });
  });
  await takeTurn(context, message, call);
  assert.deepEqual(durable, { to: message.from, replyToId: null, threadId: null });
});

for (const [decision, expected] of [
  ["allow", { decision: "allow" }],
  ["block", { decision: "block", reason: "because" }],
  ["pairing", { decision: "challenge", code: "ABCD2345" }],
] as const) {
  test(`a sender: ${decision}`, async () => {
    const { context, events } = world(decision, async () => undefined);
    assert.deepEqual(await checkAccess(context, "+15550009999"), expected);
    assert.equal(events.includes("pairing request +15550009999"), decision === "pairing");
  });
}

test("where the host has no room for another request, nobody is challenged", async () => {
  const { context } = world("pairing", async () => undefined, "");
  assert.equal((await checkAccess(context, "+15550009999")).decision, "block");
});

test("who is approved stands in the host's store", async () => {
  const { context } = world("allow", async () => undefined);
  assert.equal(await isApproved(context, "+15550001234"), true);
  assert.equal(await isApproved(context, "+15550001235"), false);
});

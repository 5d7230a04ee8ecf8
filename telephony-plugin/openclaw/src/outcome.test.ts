// Every verdict, told to the host after a send and when it asks later.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PlatformMessageNotDispatchedError } from "openclaw/plugin-sdk/error-runtime";
import { receiptOf, reconciliationError, reconciliationOf, sendError } from "./outcome.ts";
import type { SendResult, Verdict } from "./protocol.gen.ts";
import { ClosedError, RpcError } from "./transport.ts";

const TO = "+15550001234";

function result(outcome: Verdict, error: string | null = null): SendResult {
  return { id: "msg_1", accountId: "default", outcome, providerIds: ["SM1", "SM2"], parts: 2, error };
}

/** What the host makes of an error: whether it sends again by itself, or asks. */
function verdictOn(error: unknown): string {
  if (!(error instanceof PlatformMessageNotDispatchedError)) return "asks";
  return error.retryable ? "sends again" : "gives up";
}

test("a send that succeeded has a receipt with all its parts", () => {
  const { messageId, receipt } = receiptOf(result("sent"), TO, "text");
  assert.equal(messageId, "SM1");
  assert.deepEqual(receipt.platformMessageIds, ["SM1", "SM2"]);
  const unnamed = { ...result("sent"), providerIds: [] };
  assert.equal(receiptOf(unnamed, TO, "media").messageId, "msg_1");
});

for (const [outcome, verdict] of [
  ["not_sent", "sends again"],
  ["refused", "gives up"],
  ["partial", "asks"],
  ["unknown", "asks"],
] as const) {
  test(`after ${outcome} the host ${verdict}`, () => {
    assert.throws(
      () => receiptOf(result(outcome, "the carrier says no"), TO, "text"),
      (error: unknown) => {
        assert.equal(verdictOn(error), verdict);
        assert.match(String(error), /the carrier says no/);
        assert.equal(/do not send it again by hand/.test(String(error)), verdict === "asks");
        return true;
      },
    );
  });
}

for (const [outcome, expected] of [
  ["sent", { status: "sent", retryable: undefined }],
  ["not_sent", { status: "unresolved", retryable: true }],
  ["partial", { status: "unresolved", retryable: true }],
  ["refused", { status: "unresolved", retryable: false }],
  ["unknown", { status: "unresolved", retryable: false }],
] as const) {
  test(`asked later, ${outcome} is ${expected.status}`, () => {
    const answer = reconciliationOf(result(outcome), TO, "text");
    const retryable = answer.status === "sent" ? undefined : answer.retryable;
    assert.deepEqual({ status: answer.status, retryable }, expected);
  });
}

for (const [what, error, verdict, isAskedAgain] of [
  ["a process that is away", new ClosedError(false), "sends again", true],
  ["a process that died after it was asked", new ClosedError(true), "asks", true],
  ["a refusal that passes", new RpcError(-32603, "busy", { retryable: true }), "sends again", true],
  ["a refusal that lasts", new RpcError(-32602, "to: bad", { retryable: false }), "gives up", false],
  ["parameters that are none", new RpcError(-32602, "to: bad"), "gives up", false],
  ["a failure in the middle", new RpcError(-32603, "disk full"), "asks", true],
  ["anything else", new TypeError("x"), "asks", true],
] as const) {
  test(`after ${what} the host ${verdict}`, () => {
    assert.equal(verdictOn(sendError(error)), verdict);
    const answer = reconciliationError(error);
    assert.ok(answer.status === "unresolved" && answer.retryable === isAskedAgain);
  });
}

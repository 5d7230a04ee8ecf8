// Framing, ids and answers, over streams that the test holds the other end of.

import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { ClosedError, MAX_LINE_BYTES, RpcError, Transport } from "./transport.ts";

interface Side {
  connection: Transport;
  /** What the connection reads. */
  input: PassThrough;
  /** The next line that it wrote. */
  line: () => Promise<Record<string, unknown>>;
}

function side(answer: (method: string, params: unknown) => Promise<unknown>): Side {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const written = output[Symbol.asyncIterator]();
  const connection = new Transport(input, output, answer);
  const line = async () => JSON.parse(String((await written.next()).value));
  return { connection, input, line };
}

const isClosed = (written: boolean) => (error: unknown) => error instanceof ClosedError && error.written === written;
const nobody = () => Promise.reject(new RpcError(-32601, "no such method"));
const say = (object: object) => `${JSON.stringify({ jsonrpc: "2.0", ...object })}\n`;

test("requests and answers meet by id, in any order and any chunks", async () => {
  const { connection, input, line } = side(nobody);
  const [one, two] = [connection.call("a", { x: "ü" }), connection.call("b", {})];
  assert.deepEqual(await line(), { jsonrpc: "2.0", id: 1, method: "a", params: { x: "ü" } });
  assert.deepEqual(await line(), { jsonrpc: "2.0", id: 2, method: "b", params: {} });
  const answers = Buffer.from(say({ id: 2, result: "zwölf" }) + say({ id: 1, result: null }));
  for (const byte of answers) input.write(Buffer.from([byte]));
  assert.equal(await two, "zwölf");
  assert.equal(await one, null);
});

test("errors keep code, sentence and data", async () => {
  const { connection, input } = side(nobody);
  const asked = connection.call("a", {});
  input.write(say({ id: 1, error: { code: -32602, message: "to: bad", data: { field: "to" } } }));
  await assert.rejects(asked, (error: unknown) => {
    assert.ok(error instanceof RpcError);
    assert.deepEqual([error.code, error.message, error.data], [-32602, "to: bad", { field: "to" }]);
    return true;
  });
});

test("the other side is answered, also when that fails, but not where it only tells", async () => {
  const heard: unknown[] = [];
  const { input, line } = side(async (method, params) => {
    if (method === "told") return void heard.push([method, params]);
    if (method === "good") return { got: params };
    if (method === "nothing") return undefined;
    if (method === "bad") throw new TypeError("broken");
    throw new RpcError(-32601, "no such method", { method });
  });
  input.write(say({ id: "x", method: "good", params: [1] }));
  assert.deepEqual(await line(), { jsonrpc: "2.0", id: "x", result: { got: [1] } });
  input.write(say({ id: 1, method: "nothing" }));
  assert.deepEqual(await line(), { jsonrpc: "2.0", id: 1, result: {} });
  input.write(say({ id: 2, method: "bad" }));
  assert.deepEqual((await line())["error"], { code: -32603, message: "broken" });
  input.write(say({ method: "told", params: { a: 1 } }) + say({ id: 3, method: "else" }));
  const error = { code: -32601, message: "no such method", data: { method: "else" } };
  assert.deepEqual((await line())["error"], error);
  assert.deepEqual(heard, [["told", { a: 1 }]]);
});

for (const [what, bytes] of [
  ["no JSON", "Segmentation fault\n"],
  ["no object", "[1]\n"],
  ["another version", '{"jsonrpc":"1.0","id":1,"result":1}\n'],
  ["an answer to nothing", say({ id: 9, result: 1 })],
  ["an answer without id", say({ id: null, error: { code: -32700, message: "?" } })],
  ["a line without end", "x".repeat(MAX_LINE_BYTES + 1)],
] as const) {
  test(`${what} ends the connection, and nobody waits any more`, async () => {
    const { connection, input } = side(nobody);
    const asked = connection.call("a", {});
    input.write(bytes);
    await assert.rejects(asked, isClosed(true));
    assert.match((await connection.closed) ?? "", /^it (wrote|answered)/);
    await assert.rejects(connection.call("b", {}), isClosed(false));
  });
}

test("a line of exactly the most bytes is taken", async () => {
  const { connection, input } = side(nobody);
  const asked = connection.call("a", {});
  const frame = say({ id: 1, result: "" }).length - 1;
  const result = "x".repeat(MAX_LINE_BYTES - frame);
  input.write(say({ id: 1, result }));
  assert.equal(await asked, result);
});

test("what is too long is not sent", async () => {
  const { connection } = side(nobody);
  await assert.rejects(connection.call("a", "x".repeat(MAX_LINE_BYTES)), RpcError);
});

test("a second answer is ignored", async () => {
  const { connection, input } = side(nobody);
  const asked = connection.call("a", {});
  input.write(say({ id: 1, result: 1 }) + say({ id: 1, result: 2 }));
  assert.equal(await asked, 1);
  const again = connection.call("b", {});
  input.write(say({ id: 2, result: 3 }));
  assert.equal(await again, 3);
});

test("the end of the input leaves what was asked unanswered", async () => {
  const { connection, input } = side(nobody);
  const asked = connection.call("a", {});
  input.end();
  await assert.rejects(asked, isClosed(true));
  assert.equal(await connection.closed, undefined);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { readCall } from "../../src/script-test/read-call.ts";

test.each([
  { op: "done", failures: [{ name: "Error", message: "m", stack: "s" }] },
  { op: "device", device: 0, origin: "ws://lamp.test" },
  { op: "accept", peer: 1, protocol: "v2" },
  { op: "refuse", peer: 1, status: 401 },
  { op: "send", peer: 1, text: "a" },
  { op: "send", peer: 1, bytes: true },
  { op: "close", peer: 1, code: 1000, reason: "bye" },
  { op: "silence", peer: 1 },
  { op: "respond", request: 1, status: 200, headers: { a: "b" }, text: "" },
  { op: "advance", call: 1, ms: 5 },
  { op: "load", call: 1, path: "./a.js", type: "script" },
])("A call of the library is read as it is: %j", (call) => {
  expect(readCall(JSON.stringify(call))).toEqual(call);
});

test.each([
  "",
  "null",
  "[]",
  "{}",
  '{"op":"__proto__"}',
  '{"op":"toString"}',
  '{"op":"tests"}',
  '{"op":"device","device":-1,"origin":"ws://a"}',
  '{"op":"refuse","peer":1,"status":99}',
  '{"op":"advance","call":1,"ms":-1}',
  '{"op":"load","call":1.5,"path":"a"}',
])("What is no call is none: %s", (text) => {
  expect(readCall(text)).toBeUndefined();
});

test("Whatever a test sends, reading it throws nothing", () => {
  const ops = ["tests", "done", "device", "send", "respond", "advance", "load", "close"];
  fc.assert(
    fc.property(fc.constantFrom(...ops), fc.dictionary(fc.string(), fc.jsonValue()), (op, rest) => {
      const call = readCall(JSON.stringify({ ...rest, op }));

      expect(call === undefined || call.op === op).toBe(true);
    }),
  );
});

test("Names, messages and lists are cut to what is bearable", () => {
  const long = "x".repeat(100_000);
  const tests = Array.from({ length: 20_000 }, () => ({ names: [long], mode: "odd", stack: 1 }));

  const call = readCall(JSON.stringify({ op: "tests", tests: tests.slice(0, 2) }));
  const many = readCall(
    JSON.stringify({ op: "tests", tests: tests.map(() => ({ names: ["a"] })) }),
  );

  expect(call).toMatchObject({ tests: [{ mode: "run", stack: "" }, {}] });
  expect(JSON.stringify(call).length).toBeLessThan(3_000);
  expect(many).toMatchObject({ tests: { length: 10_000 } });
});

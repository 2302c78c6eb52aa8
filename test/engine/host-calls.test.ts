import { describe, expect, test } from "vitest";
import { exposeHostCalls, type HostActions } from "../../src/engine/host-calls.ts";
import { createValues } from "../../src/engine/values.ts";
import { buildNames } from "../support/builds.ts";
import { evaluate, openEngine, openRaw } from "../support/engine.ts";

/** Host calls that note their arguments. */
function recordingCalls(heard: unknown[]): HostActions {
  const note =
    (name: string, result?: unknown) =>
    (...input: unknown[]): never => {
      heard.push([name, ...input]);
      return result as never;
    };
  return {
    connect: note("connect", "answer \u00E9\u{1F4A1}"),
    send(id, data, isText) {
      // Bytes are only valid during the call.
      heard.push([
        "send",
        id,
        typeof data === "string" ? data : Buffer.from(data).toString("latin1"),
        isText,
      ]);
    },
    close: note("close"),
    abort: note("abort"),
    bufferedAmount: note("bufferedAmount", 2 ** 40 + 0.5),
    fetch: note("fetch", 7),
    fetchRead: note("fetchRead"),
    fetchAbort: note("fetchAbort"),
    updated: note("updated"),
    now: note("now", -0),
    setAlarm: note("setAlarm"),
    log: note("log"),
    alert() {
      throw new Error("a path of the host: /home");
    },
    report: note("report"),
    exceeded: note("exceeded"),
    settled: note("settled"),
    randomBytes: note("randomBytes", new Uint8Array([1, 2, 3]).buffer),
    encode: note("encode", new Uint8Array([4]).buffer),
    decode: note("decode", "decoded"),
    encodingName: note("encodingName", ""),
    url: note("url", "null"),
    startTask: note("startTask", 1),
  };
}

/** One of the projects knows of no other than the public way. */
const ways = buildNames.flatMap((build) =>
  process.env["NETDEVICE_ENGINE"] === "public"
    ? [{ build, way: "public" }]
    : [
        { build, way: "raw" },
        { build, way: "public" },
      ],
);

describe.each(ways)("build $build, the $way way", ({ build, way }) => {
  /** A function that evaluates code in which `host` has the host calls. */
  async function open(heard: unknown[] = []): Promise<(source: string) => unknown> {
    const { context } = await openEngine({ build, maxMemory: 2 ** 25 });
    const raw = way === "raw" ? openRaw(context) : undefined;
    if (way === "raw") expect(raw).toBeDefined();
    const calling = { context, values: createValues(context, raw), raw };
    exposeHostCalls(calling, recordingCalls(heard)).consume((host) =>
      context.setProp(context.global, "host", host),
    );
    return (source) => evaluate(context, source);
  }

  test("arguments of every kind arrive and extra ones are dropped", async () => {
    const heard: unknown[] = [];
    const run = await open(heard);

    run(`
      host.log(1, "text \\u00E9\\u{1F4A1}", "extra");
      host.log(-1.5, "");
      host.settled(NaN, "a".repeat(1e5));
      host.send(7, "text", 4);
      host.send(7, new Uint8Array([1, 2]).buffer, 0);
      host.decode("utf-8", true, new ArrayBuffer(1));
      host.decode("utf-8", false, new ArrayBuffer(0));
    `);

    expect(heard).toEqual([
      ["log", 1, "text \u00E9\u{1F4A1}"],
      ["log", -1.5, ""],
      ["settled", NaN, "a".repeat(1e5)],
      ["send", 7, "text", true],
      ["send", 7, "\u0001\u0002", false],
      ["decode", "utf-8", true, new ArrayBuffer(1)],
      ["decode", "utf-8", false, new ArrayBuffer(0)],
    ]);
  });

  test.each([
    [`host.connect("")`, "answer \u00E9\u{1F4A1}"],
    [`Boolean(host.send(1, "", 0))`, false],
    [`host.bufferedAmount(1)`, 2 ** 40 + 0.5],
    [`Object.is(host.now(), -0)`, true],
    [`host.updated()`, undefined],
    [`String(new Uint8Array(host.randomBytes(3)))`, "1,2,3"],
    [`host.encodingName("")`, ""],
  ])("%s is %j in the guest", async (source, expected) => {
    const run = await open();

    expect(run(source)).toEqual(expected);
  });

  test.each([
    `host.log(1)`,
    `host.log("1", "text")`,
    `host.log(1, 2)`,
    `host.log(1n, "text")`,
    `host.log(true, "text")`,
    `host.log(1, Symbol("text"))`,
    `host.log(1, new String("text"))`,
    `host.log(1, { toString() { throw "ran" } })`,
    `host.log(undefined, null)`,
    `host.send(1, 2, 3)`,
    `host.send(1, [], 3)`,
    `host.send(1, new Uint8Array(1), 0)`,
    `host.decode("utf-8", 1, new ArrayBuffer(1))`,
    `host.decode("utf-8", 0n, new ArrayBuffer(1))`,
    `host.abort({ valueOf() { throw "ran" } })`,
    `host.alert("the host throws")`,
  ])("%s is refused with a fixed text and the host hears nothing", async (source) => {
    const heard: unknown[] = [];
    const run = await open(heard);

    expect(run(`try { ${source}; "no exception" } catch (error) { error }`)).toBe(
      "Host call refused",
    );
    expect(heard).toEqual([]);
  });

  test("calls go on after the engine's memory has grown", async () => {
    const heard: unknown[] = [];
    const run = await open(heard);

    run(`host.log(1, "before"); globalThis.kept = new ArrayBuffer(2 ** 24); host.log(1, "after")`);

    expect(heard).toEqual([
      ["log", 1, "before"],
      ["log", 1, "after"],
    ]);
  });

  test("a million calls leave nothing in the engine's memory", async () => {
    const run = await open();

    expect(
      run(`
      const text = "x".repeat(100);
      for (let index = 0; index < 1e6; index++) host.connect(text);
      for (let index = 0; index < 1e5; index++) try { host.alert(text) } catch {}
      "done"
    `),
    ).toBe("done");
  });
});

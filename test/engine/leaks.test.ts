import type { QuickJSContext } from "quickjs-emscripten";
import { expect, test } from "vitest";
import { createTestEngine } from "../support/engine.ts";

/** What the public API of a context hides. Numbers are addresses. */
interface Internals {
  readonly ctx: { readonly value: number };
  readonly ffi: { QTS_DupValuePointer(context: number, value: number): number };
  readonly module: { _malloc(bytes: number): number; _free(address: number): void };
}

function internals(context: QuickJSContext): Internals {
  return context as unknown as Internals;
}

test("an engine that everything was given back to is disposed of without a word", async () => {
  const engine = await createTestEngine({ build: "debug" });
  engine.context.newString("given back").dispose();

  expect(() => engine[Symbol.dispose]()).not.toThrow();
});

test.each<[what: string, leak: (context: QuickJSContext) => unknown, named: RegExp]>([
  ["the handle of a number", (context) => context.newNumber(1), /leak of 8 byte\(s\) in 1 object/],
  ["the handle of a string", (context) => context.newString("left over"), /"left over"/],
  ["the handle of an object", (context) => context.newError("left over"), /Error.*"left over"/],
  ["an allocation", (context) => internals(context).module._malloc(24), /leak of 24 byte/],
  [
    "a reference to a string",
    (context) => {
      const { ctx, ffi, module } = internals(context);
      context
        .newString("counted twice")
        .consume(({ value }) => module._free(ffi.QTS_DupValuePointer(ctx.value, value)));
    },
    /String leaks:[^]*"counted twice"/,
  ],
])("%s that nobody gave back is a leak and is named", async (_what, leak, named) => {
  const engine = await createTestEngine({ build: "debug" });
  leak(engine.context);

  expect(() => engine[Symbol.dispose]()).toThrow(named);
});

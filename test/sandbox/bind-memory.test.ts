import { expect, test } from "vitest";
import { bindNetworkDevice } from "../../src/bind.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { buildNames } from "../support/builds.ts";
import { evaluate, openEngine } from "../support/engine.ts";
import { createFakeTransport } from "../support/fake-transport.ts";

/** Uses something of everything, and leaves a timer and a connecting socket behind. */
const script = `
  globalThis.socket = new WebSocket("ws://peer.example");
  socket.onclose = () => console.log("closed");
  globalThis.timer = setTimeout(() => {}, 1_000_000);
  Promise.resolve(new Blob(["text"])).then((blob) => blob.text());
  console.log(new URL("ws://peer.example").href, new TextEncoder().encode("text"), { socket });
`;

/** Binds contexts of one runtime, one after another, and disposes of each. */
function bindContexts({ runtime }: Engine, count: number): void {
  for (let index = 0; index < count; index += 1) {
    const context = runtime.newContext();
    const binding = bindNetworkDevice(context, { transport: createFakeTransport() });
    evaluate(context, script);
    runtime.executePendingJobs();
    binding[Symbol.dispose]();
    context.dispose();
  }
}

/** Bytes in use right after a garbage collection. The engine cannot be told to collect, but garbage in cycles makes it. */
function memoryInUse({ context, runtime }: Engine): number {
  evaluate(context, `for (let i = 0; i < 150_000; i += 1) { const a = {}; a.a = a }`);
  const sizes = Array.from({ length: 500 }, () => {
    evaluate(context, `{ const a = {}; a.a = a }`);
    return runtime
      .computeMemoryUsage()
      .consume((usage) => context.dump(usage) as { readonly memory_used_size: number });
  });
  return Math.min(...sizes.map((usage) => usage.memory_used_size));
}

test.each(buildNames)(
  "binding context after context leaves nothing in their runtime, build %s",
  async (build) => {
    const engine = await openEngine({ build, image: false });
    bindContexts(engine, 10);
    // The first look takes a few names into the table of atoms.
    memoryInUse(engine);
    const before = memoryInUse(engine);

    bindContexts(engine, 200);

    expect(memoryInUse(engine)).toBe(before);
  },
);

import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten";
import { type CompiledEngine, tableExport } from "./compiled-engine.ts";

/** A promise that was rejected while nobody handled it. */
export interface Rejection {
  readonly promise: QuickJSHandle;
  readonly reason: QuickJSHandle;
}

/** The promises that were rejected and not handled since they were last taken. */
export interface Rejections extends Disposable {
  /** Takes one off the list; its handles are then the caller's. */
  take(): Rejection | undefined;
}

/** More unhandled rejections than this between two looks are dropped: each holds memory on the host. */
const maxRejections = 1_000;

interface TrackerOptions {
  readonly context: QuickJSContext;
  readonly compiled: CompiledEngine;
  readonly instance: WebAssembly.Instance;
  readonly memory: WebAssembly.Memory;
}

/**
 * Installs a host promise rejection tracker (ECMAScript, HostPromiseRejectionTracker) by writing into the runtime's own
 * structure, at the place known for this very file. Returns nothing when the file is not known.
 */
export function trackRejections(options: TrackerOptions): Rejections | undefined {
  const { context, compiled, instance, memory } = options;
  const { trackerWord } = compiled;
  const table = instance.exports[tableExport];
  if (trackerWord === undefined || !(table instanceof WebAssembly.Table)) return undefined;
  const { rt, ffi, ctx, heapValueHandle, scratch } = engineInternals(context);
  const waiting = new Map<number, Rejection>();

  /** Keeps a value that the engine passed by value: an i64 in the engine's own representation. */
  function keep(value: bigint): QuickJSHandle {
    new DataView(memory.buffer).setBigInt64(scratch, value, true);
    return heapValueHandle(ffi.QTS_DupValuePointer(ctx, scratch));
  }

  function track(promise: bigint, reason: bigint, isHandled: number): void {
    // The low half of an object's representation is its address.
    const address = Number(BigInt.asUintN(32, promise));
    if (isHandled !== 0) {
      const rejection = waiting.get(address);
      waiting.delete(address);
      rejection?.promise.dispose();
      rejection?.reason.dispose();
    } else if (waiting.size < maxRejections) {
      waiting.set(address, { promise: keep(promise), reason: keep(reason) });
    }
  }

  const slot = table.grow(1);
  table.set(slot, trackerFunction(track));
  // The interrupt handler is the mark to measure from: find where installing one changes the structure.
  const words = new Int32Array(memory.buffer, rt, 256);
  const before = words.slice();
  context.runtime.setInterruptHandler(() => false);
  const mark = words.findIndex((word, index) => word !== before[index]);
  words[mark + trackerWord] = slot;

  return {
    take() {
      for (const [address, rejection] of waiting) {
        waiting.delete(address);
        return rejection;
      }
      return undefined;
    },
    [Symbol.dispose]() {
      for (const { promise, reason } of waiting.values()) {
        promise.dispose();
        reason.dispose();
      }
      waiting.clear();
    },
  };
}

/**
 * Gives a host function the type of a tracker, `(i32, i64, i64, i32, i32) -> ()`: a table only takes functions of
 * WebAssembly, so a module imports it and exports it again.
 */
function trackerFunction(
  track: (promise: bigint, reason: bigint, isHandled: number) => void,
): unknown {
  // prettier-ignore
  const module = new WebAssembly.Module(new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, // magic, version
    1, 9, 1, 0x60, 5, 0x7f, 0x7e, 0x7e, 0x7f, 0x7f, 0, // type 0
    2, 7, 1, 1, 0x61, 1, 0x66, 0, 0, // import a.f of type 0
    7, 5, 1, 1, 0x66, 0, 0, // export it as f
  ]));
  const f = (
    _context: number,
    promise: bigint,
    reason: bigint,
    isHandled: number,
    _opaque: number,
  ): void => track(promise, reason, isHandled);
  return new WebAssembly.Instance(module, { a: { f } }).exports["f"];
}

/** The parts of a context that its public API hides. The file is known, so the version is, too. */
function engineInternals(context: QuickJSContext): {
  readonly rt: number;
  readonly ctx: number;
  readonly ffi: { QTS_DupValuePointer(context: number, address: number): number };
  /** Address of 8 free bytes. */
  readonly scratch: number;
  heapValueHandle(value: number): QuickJSHandle;
} {
  const { rt, ctx, ffi, memory, module } = context as unknown as {
    readonly rt: { readonly value: number };
    readonly ctx: { readonly value: number };
    readonly ffi: { QTS_DupValuePointer(context: number, address: number): number };
    readonly memory: { heapValueHandle(value: number): QuickJSHandle };
    readonly module: { _malloc(bytes: number): number };
  };
  return {
    rt: rt.value,
    ctx: ctx.value,
    ffi,
    scratch: module._malloc(8),
    heapValueHandle: (value) => memory.heapValueHandle(value),
  };
}

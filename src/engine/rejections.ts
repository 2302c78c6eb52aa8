import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten";
import { tableExport } from "./compiled-engine.ts";
import { allocate, keepValue, release, runtimeAddress, valueBytes } from "./internals.ts";

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

/** What {@link trackRejections} works on. */
export interface TrackerOptions {
  readonly context: QuickJSContext;
  readonly instance: WebAssembly.Instance;
  readonly memory: WebAssembly.Memory;
  /** Address of the runtime's field for the tracker: see {@link findTrackerField}. */
  readonly field: number;
}

/**
 * Finds the runtime's field for a promise rejection tracker: at a known distance from that of the interrupt handler, which is
 * where the structure changes when the first one is set. Sets a handler that never interrupts.
 */
export function findTrackerField(
  { runtime }: QuickJSContext,
  memory: WebAssembly.Memory,
  trackerWord: number,
): number {
  const address = runtimeAddress(runtime);
  const words = new Int32Array(memory.buffer, address, 256);
  const before = words.slice();
  runtime.setInterruptHandler(() => false);
  const mark = words.findIndex((word, index) => word !== before[index]);
  return address + 4 * (mark + trackerWord);
}

/**
 * Installs a host promise rejection tracker (ECMAScript, HostPromiseRejectionTracker) by writing into the runtime's own
 * structure, at the place known for this very file.
 */
export function trackRejections(options: TrackerOptions): Rejections {
  const { context, instance, memory, field } = options;
  const table = instance.exports[tableExport] as WebAssembly.Table;
  const scratch = allocate(context, valueBytes);
  const waiting = new Map<number, Rejection>();

  function track(promise: bigint, reason: bigint, isHandled: number): void {
    // The low half of an object's representation is its address.
    const address = Number(BigInt.asUintN(32, promise));
    if (isHandled !== 0) {
      const rejection = waiting.get(address);
      waiting.delete(address);
      rejection?.promise.dispose();
      rejection?.reason.dispose();
    } else if (waiting.size < maxRejections) {
      waiting.set(address, {
        promise: keepValue(context, scratch, promise),
        reason: keepValue(context, scratch, reason),
      });
    }
  }

  const slot = table.grow(1);
  table.set(slot, trackerFunction(track));
  new DataView(memory.buffer).setInt32(field, slot, true);

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
      new DataView(memory.buffer).setInt32(field, 0, true);
      release(context, scratch);
    },
  };
}

// prettier-ignore
const trackerBytes: Uint8Array = new Uint8Array([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, // magic, version
  1, 9, 1, 0x60, 5, 0x7f, 0x7e, 0x7e, 0x7f, 0x7f, 0, // type 0
  2, 7, 1, 1, 0x61, 1, 0x66, 0, 0, // import a.f of type 0
  7, 5, 1, 1, 0x66, 0, 0, // export it as f
]);

/** Compiled once per thread: V8 keeps a little of every compilation for good. */
let trackerModule: WebAssembly.Module | undefined;

/**
 * Gives a host function the type of a tracker, `(i32, i64, i64, i32, i32) -> ()`: a table only takes functions of
 * WebAssembly, so a module imports it and exports it again.
 */
function trackerFunction(
  track: (promise: bigint, reason: bigint, isHandled: number) => void,
): unknown {
  trackerModule ??= new WebAssembly.Module(trackerBytes);
  const f = (
    _context: number,
    promise: bigint,
    reason: bigint,
    isHandled: number,
    _opaque: number,
  ): void => track(promise, reason, isHandled);
  return new WebAssembly.Instance(trackerModule, { a: { f } }).exports["f"];
}

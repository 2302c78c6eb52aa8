import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten";

/** The engine's memory is exhausted: the value could not be made. */
export class OutOfMemoryError extends Error {
  constructor(bytes: number) {
    super(`The engine has no room for a value of ${bytes} bytes`);
    this.name = "OutOfMemoryError";
  }
}

/**
 * Makes and reads values of one context, with every allocation checked.
 *
 * The engine's own `newString` and `newArrayBuffer` ignore a failed allocation and write to address 0, so this file reaches
 * for the engine's allocator; without one (another version, another build) it uses the public functions as they are.
 */
export interface Values {
  /** Makes a string. The text must be well-formed and without U+0000. */
  text(text: string): QuickJSHandle;
  /** Makes an `ArrayBuffer` with a copy of `bytes`. */
  buffer(bytes: Uint8Array<ArrayBufferLike>): QuickJSHandle;
  /** Throws {@link OutOfMemoryError} unless the engine's own functions have room for so many bytes at once. */
  checkRoom(bytes: number): void;
}

/** Code units of a text from which on its bytes are counted. */
const maxUncounted = 2 ** 16;

/** Creates the {@link Values} of a context. */
export function createValues(context: QuickJSContext): Values {
  const internals = engineInternals(context);
  if (internals === undefined) {
    return {
      text: (text) => context.newString(text),
      // A view of a pooled Buffer must be cut to its own bytes.
      buffer: (bytes) => context.newArrayBuffer(new Uint8Array(bytes).buffer),
      checkRoom() {
        // Nothing can be asked: what is too large ends the engine.
      },
    };
  }
  const { module, ffi, pointer, handle } = internals;

  function allocate(bytes: number): number {
    const address = module._malloc(bytes);
    if (address === 0) throw new OutOfMemoryError(bytes);
    return address;
  }

  return {
    text(text) {
      // To count is slower than to reserve too much, unless that would be a large part of the memory.
      const size = (text.length < maxUncounted ? text.length * 3 : Buffer.byteLength(text)) + 1;
      const address = allocate(size);
      // A view made after the allocation: before it, growing memory could have detached the view.
      const memory = Buffer.from(module.HEAPU8.buffer, address, size);
      memory[memory.write(text, 0, size - 1, "utf8")] = 0;
      const value = ffi.QTS_NewString(pointer, address);
      module._free(address);
      return handle(value);
    },
    buffer(bytes) {
      // The engine takes ownership of the allocation. It frees nothing for an empty buffer at address 0.
      const address = allocate(Math.max(bytes.byteLength, 1));
      module.HEAPU8.set(bytes, address);
      return handle(ffi.QTS_NewArrayBuffer(pointer, address, bytes.byteLength));
    },
    checkRoom(bytes) {
      module._free(allocate(bytes));
    },
  };
}

/** The parts of a context that its public API hides. */
interface EngineInternals {
  readonly module: {
    _malloc(bytes: number): number;
    _free(address: number): void;
    readonly HEAPU8: Uint8Array<ArrayBuffer>;
  };
  readonly ffi: {
    QTS_NewString(context: number, address: number): number;
    QTS_NewArrayBuffer(context: number, address: number, bytes: number): number;
  };
  /** Address of the context. */
  readonly pointer: number;
  handle(value: number): QuickJSHandle;
}

/** Finds the {@link EngineInternals}, or nothing when one of them has another shape than the pinned version. */
function engineInternals(context: QuickJSContext): EngineInternals | undefined {
  const { module, ffi, ctx, memory } = context as unknown as {
    readonly module?: Partial<EngineInternals["module"]>;
    readonly ffi?: Partial<EngineInternals["ffi"]>;
    readonly ctx?: { readonly value?: unknown };
    readonly memory?: { heapValueHandle?: (value: number) => QuickJSHandle };
  };
  const pointer = ctx?.value;
  if (
    typeof module?._malloc !== "function" ||
    typeof module._free !== "function" ||
    !(module.HEAPU8 instanceof Uint8Array) ||
    typeof ffi?.QTS_NewString !== "function" ||
    typeof ffi.QTS_NewArrayBuffer !== "function" ||
    typeof memory?.heapValueHandle !== "function" ||
    typeof pointer !== "number"
  ) {
    return undefined;
  }
  const { heapValueHandle } = memory;
  return {
    module: module as EngineInternals["module"],
    ffi: ffi as EngineInternals["ffi"],
    pointer,
    handle: (value) => heapValueHandle.call(memory, value),
  };
}

/**
 * Everything in the engine that its public interface hides: all knowledge of it is in this file, and what memory looks like is found
 * out in each context before it is used. Where something is not as expected, the caller goes the public way: several times slower and
 * otherwise the same.
 */
import {
  type JSContextPointer,
  type JSRuntimePointer,
  Lifetime,
  type QuickJSContext,
  type QuickJSHandle,
  QuickJSRuntime,
  type QuickJSWASMModule,
} from "quickjs-emscripten-core";

/** High halves of values: the engine keeps a value in 64 bits, of which a double uses all and other kinds the low half. */
export const tag = {
  integer: 0,
  boolean: 1,
  undefined: 3,
  exception: 6,
  text: -7,
  object: -1,
  /** Beyond these two there are only doubles. */
  lowest: -16,
  highest: 16,
} as const;

/** Bytes of a value. */
export const valueBytes = 8;

/** Where things are inside of objects of this build. */
export interface ValueLayout {
  /** Bytes before the first code unit of a string. */
  readonly textOffset: number;
  /** Class number of `ArrayBuffer`. */
  readonly bufferClass: number;
  /** Words of the object before the pointer to the buffer's record, and of the record before its length and its data. */
  readonly recordWord: number;
  readonly lengthWord: number;
  readonly dataWord: number;
}

/** Halfword of an object that holds its class number. */
export function classOf(bytes: Uint8Array, object: number): number {
  return (bytes[object + 6] ?? 0) | ((bytes[object + 7] ?? 0) << 8);
}

/** Bytes of the buffers that {@link findLayout} looks for: a number that nothing else is likely to be. */
const probeBytes = 12_344;

/** Makes values of every kind by the public interface and looks where the engine keeps what; nothing when it is not as expected. */
export function findLayout(context: QuickJSContext, internals: Internals): ValueLayout | undefined {
  const { module, ffi, ctx } = internals;
  const handles: QuickJSHandle[] = [];
  const keep = (handle: QuickJSHandle): number => {
    handles.push(handle);
    return handle.value;
  };
  try {
    const narrow = keep(context.newString("abc\u00e9"));
    const wide = keep(context.newString("ab\u20ac"));
    const number = keep(context.newNumber(1.5));
    const object = keep(context.newObject());
    const array = keep(context.newArray());
    const data = module._malloc(probeBytes);
    if (data === 0) return undefined;
    const buffer = keep(
      internals.memory.heapValueHandle(ffi.QTS_NewArrayBuffer(ctx.value, data, probeBytes)),
    );
    const bytes = module.HEAPU8;
    const words = new Int32Array(bytes.buffer);
    const low = (value: number): number => words[value >> 2] ?? 0;
    const high = (value: number): number => words[(value >> 2) + 1] ?? 0;
    const constants = [context.undefined, context.true, context.false].map(({ value }) => value);
    const isEncodedSo =
      constants.map(high).join() === [tag.undefined, tag.boolean, tag.boolean].join() &&
      constants.map(low).slice(1).join() === "1,0" &&
      [narrow, wide].every((value) => high(value) === tag.text) &&
      [object, array, buffer].every((value) => high(value) === tag.object) &&
      (high(number) < tag.lowest || high(number) > tag.highest) &&
      // A whole number written as such is read as one.
      isReadAsInteger(internals, words, number);
    if (!isEncodedSo) return undefined;
    const textOffset = [12, 16, 20, 24, 28, 32].find(
      (offset) =>
        bytes.subarray(low(narrow) + offset, low(narrow) + offset + 4).join() === "97,98,99,233" &&
        bytes.subarray(low(wide) + offset, low(wide) + offset + 6).join() === "97,0,98,0,172,32",
    );
    const hasLengths = low(low(narrow) + 4) === 4 && low(low(wide) + 4) === (3 | (1 << 31));
    const bufferClass = classOf(bytes, low(buffer));
    const isDistinct = [object, array].every((value) => classOf(bytes, low(value)) !== bufferClass);
    const record = findRecord(words, low(buffer), data);
    if (textOffset === undefined || !hasLengths || !isDistinct || record === undefined) {
      return undefined;
    }
    return { textOffset, bufferClass, ...record };
  } finally {
    for (const handle of handles) handle.dispose();
  }
}

/** Overwrites a number with the whole number 7. */
function isReadAsInteger({ ffi, ctx }: Internals, words: Int32Array, value: number): boolean {
  words[value >> 2] = 7;
  words[(value >> 2) + 1] = tag.integer;
  return ffi.QTS_GetFloat64(ctx.value, value) === 7;
}

/** Follows the pointers of an `ArrayBuffer` object to its record, where the length and the address of the data stand. */
function findRecord(
  words: Int32Array,
  object: number,
  data: number,
): Pick<ValueLayout, "recordWord" | "lengthWord" | "dataWord"> | undefined {
  const objectWords = 12;
  const lengthWord = 0;
  const dataWord = 3;
  for (let recordWord = 2; recordWord < objectWords; recordWord += 1) {
    const record = (words[(object >> 2) + recordWord] ?? 0) >> 2;
    if (words[record + lengthWord] === probeBytes && words[record + dataWord] === data) {
      return { recordWord, lengthWord, dataWord };
    }
  }
  return undefined;
}

/** The parts of a context that its public API hides. Numbers are addresses. */
export interface Internals {
  readonly module: {
    _malloc(bytes: number): number;
    _free(address: number): void;
    readonly HEAPU8: Uint8Array<ArrayBuffer>;
  };
  readonly ffi: {
    QTS_DupValuePointer(context: number, value: number): number;
    QTS_Call(context: number, fn: number, self: number, count: number, vector: number): number;
    QTS_FreeValuePointer(context: number, value: number): void;
    QTS_GetFloat64(context: number, value: number): number;
    QTS_IsJobPending(runtime: number): number;
    QTS_NewArrayBuffer(context: number, address: number, bytes: number): number;
    QTS_NewFloat64(context: number, value: number): number;
    QTS_NewString(context: number, address: number): number;
    QTS_ResolveException(context: number, value: number): number;
    QTS_Throw(context: number, value: number): number;
  };
  readonly memory: { heapValueHandle(value: number): QuickJSHandle };
  readonly cToHostCallbacks: {
    callFunction(context: number, self: number, count: number, values: number, id: number): number;
  };
  readonly ctx: { readonly value: number };
  readonly hostRefs: { get(id: number): unknown };
  readonly runtime: number;
  readonly undefinedValue: number;
}

const ffiFunctions = [
  "QTS_DupValuePointer",
  "QTS_Call",
  "QTS_FreeValuePointer",
  "QTS_GetFloat64",
  "QTS_IsJobPending",
  "QTS_NewArrayBuffer",
  "QTS_NewFloat64",
  "QTS_NewString",
  "QTS_ResolveException",
  "QTS_Throw",
] as const;

/** Finds the {@link Internals}, or nothing when one of them has another shape. */
export function readInternals(context: QuickJSContext): Internals | undefined {
  const { module, ffi, ctx, memory, cToHostCallbacks } = context as unknown as Partial<Internals>;
  const { hostRefs, rt } = context.runtime as unknown as Partial<Internals> & {
    readonly rt?: { readonly value?: unknown };
  };
  if (
    typeof module?._malloc !== "function" ||
    typeof module._free !== "function" ||
    !(module.HEAPU8 instanceof Uint8Array) ||
    ffi === undefined ||
    !ffiFunctions.every((name) => typeof ffi[name] === "function") ||
    typeof memory?.heapValueHandle !== "function" ||
    typeof cToHostCallbacks?.callFunction !== "function" ||
    typeof hostRefs?.get !== "function" ||
    typeof ctx?.value !== "number" ||
    typeof rt?.value !== "number"
  ) {
    return undefined;
  }
  return {
    module,
    ffi,
    ctx,
    memory,
    cToHostCallbacks,
    hostRefs,
    runtime: rt.value,
    undefinedValue: context.undefined.value as unknown as number,
  };
}

/** Address of a runtime. */
export function runtimeAddress(runtime: QuickJSRuntime): number {
  return (runtime as unknown as { readonly rt: { readonly value: number } }).rt.value;
}

/** Address of a context. */
export function contextAddress(context: QuickJSContext): number {
  return (context as unknown as Pick<Internals, "ctx">).ctx.value;
}

/** Gives a host function the next number, by which the guest's functions refer to it. */
export function addHostFunction(context: QuickJSContext, fn: object): void {
  const { hostRefs } = context.runtime as unknown as {
    readonly hostRefs: { put(fn: object): number };
  };
  hostRefs.put(fn);
}

/** Wraps a runtime and a context that are in an engine's memory already. */
export function adoptContext(
  quickjs: QuickJSWASMModule,
  runtimePointer: number,
  contextPointer: number,
): QuickJSContext {
  const { module, callbacks, ffi } = quickjs as unknown as ModuleInternals;
  const runtime = new QuickJSRuntime({
    module,
    callbacks,
    ffi,
    rt: new Lifetime(runtimePointer as JSRuntimePointer, undefined, (pointer) => {
      ffi.QTS_FreeRuntime(pointer);
      callbacks.deleteRuntime(pointer);
    }),
  });
  return runtime.newContext({ contextPointer: contextPointer as JSContextPointer });
}

/** A handle of the value at an address. */
export function adoptHandle(context: QuickJSContext, address: number): QuickJSHandle {
  return (context as unknown as Pick<Internals, "memory">).memory.heapValueHandle(address);
}

/** A new handle of a value that the engine passed as it keeps it, in 64 bits; `scratch` is room for one. */
export function keepValue(context: QuickJSContext, scratch: number, value: bigint): QuickJSHandle {
  const { ffi, ctx, module } = context as unknown as Internals;
  new DataView(module.HEAPU8.buffer).setBigInt64(scratch, value, true);
  return adoptHandle(context, ffi.QTS_DupValuePointer(ctx.value, scratch));
}

/** Whether an engine has room for so many bytes at once; `true` also where that cannot be asked. */
export function hasRoom(context: QuickJSContext, bytes: number): boolean {
  const { module } = context as unknown as Partial<Pick<Internals, "module">>;
  if (typeof module?._malloc !== "function") return true;
  const address = module._malloc(bytes);
  if (address !== 0) module._free(address);
  return address !== 0;
}

/** Reserves memory of an engine; 0 when there is none. */
export function allocate(context: QuickJSContext, bytes: number): number {
  return (context as unknown as Pick<Internals, "module">).module._malloc(bytes);
}

/** Gives it back. */
export function release(context: QuickJSContext, address: number): void {
  (context as unknown as Pick<Internals, "module">).module._free(address);
}

/** What a `QuickJSWASMModule` makes its runtimes of. */
type ModuleInternals = Pick<
  ConstructorParameters<typeof QuickJSRuntime>[0],
  "module" | "callbacks" | "ffi"
> & {
  readonly callbacks: { deleteRuntime(pointer: JSRuntimePointer): void };
};

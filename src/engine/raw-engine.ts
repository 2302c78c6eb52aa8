import { isAscii } from "node:buffer";
import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten";
import {
  classOf,
  findLayout,
  type Internals,
  readInternals,
  tag,
  type ValueLayout,
  valueBytes,
} from "./internals.ts";

/** Kinds of values that can be told apart. */
export type ValueKind = "number" | "boolean" | "text" | "bytes" | "undefined" | "other";

/**
 * Takes a call of the guest to a host function. `values` is where its arguments are; the answer is a value, 0 for `undefined`, or
 * {@link declined}. Must not throw.
 */
export type HostCallback = (count: number, values: number) => number;

/** Answer of a {@link HostCallback}: the call goes the public way. */
export const declined = -1;

/**
 * Values of one context by their addresses. What is made here belongs to the caller, who frees it or hands it on.
 *
 * No method runs code of the guest, but {@link RawEngine.call}. Views of the engine's memory hold until it is next entered.
 */
export class RawEngine implements Disposable {
  readonly #internals: Internals;
  readonly #layout: ValueLayout;
  readonly #context: number;
  /** Room for the arguments of a call, and then for pointers to them. */
  readonly #slots: number;
  readonly #vector: number;
  /** Room for the text of a message. */
  readonly #scratch: number;
  #bytes: Uint8Array<ArrayBuffer>;
  /** The same memory. */
  #words: Int32Array<ArrayBuffer>;
  #buffer: Buffer<ArrayBuffer>;
  readonly #callbacks: (HostCallback | undefined)[] = [];
  readonly #functions = new Map<unknown, HostCallback>();
  #uninstall: (() => void) | undefined;

  private constructor(internals: Internals, layout: ValueLayout, block: number) {
    const { module } = internals;
    this.#internals = internals;
    this.#layout = layout;
    this.#context = internals.ctx.value;
    this.#slots = block;
    this.#vector = block + maxArguments * valueBytes;
    this.#scratch = this.#vector + maxArguments * pointerBytes;
    this.#bytes = module.HEAPU8;
    this.#words = new Int32Array(module.HEAPU8.buffer);
    this.#buffer = Buffer.from(module.HEAPU8.buffer);
    for (let index = 0; index < maxArguments; index += 1) {
      this.#words[(this.#vector >> 2) + index] = this.#slots + index * valueBytes;
    }
  }

  /** The raw access to a context, or nothing when the engine is not as expected. */
  static open(context: QuickJSContext): RawEngine | undefined {
    if (process.env["NETDEVICE_ENGINE"] === "public") return undefined;
    const internals = readInternals(context);
    if (internals === undefined) return undefined;
    const layout = findLayout(context, internals);
    if (layout === undefined) return undefined;
    const block = internals.module._malloc(blockBytes);
    return block === 0 ? undefined : new RawEngine(internals, layout, block);
  }

  /** Address of the value of a handle. */
  addressOf(handle: QuickJSHandle): number {
    return handle.value;
  }

  /** A handle of a value that belonged to the caller. */
  toHandle(value: number): QuickJSHandle {
    return this.#internals.memory.heapValueHandle(value);
  }

  #free(value: number): void {
    this.#internals.ffi.QTS_FreeValuePointer(this.#context, value);
  }

  /** Makes a string of a well-formed text, or of valid UTF-8, without U+0000; 0 when there is no room. */
  newText(text: string | Uint8Array): number {
    const { ffi, module } = this.#internals;
    const size = sizeOf(text) + 1;
    const isSmall = size <= scratchBytes;
    const address = isSmall ? this.#scratch : module._malloc(size);
    if (address === 0) return 0;
    const heap = this.#heap();
    if (typeof text !== "string") {
      heap.set(text, address);
      heap[address + text.length] = 0;
    } else {
      heap[address + this.#buffer.write(text, address, size - 1, "utf8")] = 0;
    }
    const value = ffi.QTS_NewString(this.#context, address);
    if (!isSmall) module._free(address);
    return this.#checked(value);
  }

  /** Makes an `ArrayBuffer` with a copy of `bytes`; 0 when there is no room. */
  newBuffer(bytes: Uint8Array): number {
    const { ffi, module } = this.#internals;
    // The engine takes ownership of the allocation. It frees nothing for an empty buffer at address 0.
    const address = module._malloc(Math.max(bytes.byteLength, 1));
    if (address === 0) return 0;
    this.#heap().set(bytes, address);
    return this.#checked(ffi.QTS_NewArrayBuffer(this.#context, address, bytes.byteLength));
  }

  newNumber(value: number): number {
    return this.#internals.ffi.QTS_NewFloat64(this.#context, value);
  }

  newBoolean(value: boolean): number {
    const { module } = this.#internals;
    const address = module._malloc(valueBytes);
    if (address !== 0) this.#write(address, value ? 1 : 0, tag.boolean);
    return address;
  }

  /**
   * Calls a function with three whole numbers and a value, which is freed; 0 stands for `undefined`. Answers whether it returned
   * `true`; nothing when it threw.
   */
  call(
    fn: number,
    first: number,
    second: number,
    third: number,
    value: number,
  ): boolean | undefined {
    const { ffi, undefinedValue } = this.#internals;
    const slots = this.#slots;
    this.#heap();
    this.#write(slots, first, tag.integer);
    this.#write(slots + valueBytes, second, tag.integer);
    this.#write(slots + 2 * valueBytes, third, tag.integer);
    // The slot has no reference of its own: the value's is what keeps it.
    const from = value === 0 ? undefinedValue : value;
    this.#words[(slots >> 2) + 6] = this.#words[from >> 2] ?? 0;
    this.#words[(slots >> 2) + 7] = this.#words[(from >> 2) + 1] ?? 0;
    const result = ffi.QTS_Call(this.#context, fn, undefinedValue, 4, this.#vector);
    if (value !== 0) ffi.QTS_FreeValuePointer(this.#context, value);
    if (result === 0) return undefined;
    this.#heap();
    const kind = this.#words[(result >> 2) + 1];
    const isTrue = kind === tag.boolean && this.#words[result >> 2] === 1;
    if (kind === tag.exception) {
      // Taken off the engine unread: its properties could be the script's.
      const error = ffi.QTS_ResolveException(this.#context, result);
      if (error !== 0) ffi.QTS_FreeValuePointer(this.#context, error);
    }
    ffi.QTS_FreeValuePointer(this.#context, result);
    return kind === tag.exception ? undefined : isTrue;
  }

  /** Whether promise jobs wait. */
  get hasJobs(): boolean {
    return this.#internals.ffi.QTS_IsJobPending(this.#internals.runtime) !== 0;
  }

  /** Has the calls that the guest makes to a host function taken by `callback`, without handles. */
  intercept(fn: unknown, callback: HostCallback): void {
    this.#uninstall ??= this.#install();
    this.#functions.set(fn, callback);
  }

  /** Throws a value, which is freed, in the guest: the answer of a {@link HostCallback}. */
  throwValue(value: number): number {
    const thrown = this.#internals.ffi.QTS_Throw(
      this.#context,
      value === 0 ? this.#internals.undefinedValue : value,
    );
    if (value !== 0) this.#free(value);
    return thrown;
  }

  /** Address of an argument of a host call. */
  argument(values: number, index: number): number {
    return values + index * valueBytes;
  }

  kindOf(value: number): ValueKind {
    this.#heap();
    switch (this.#words[(value >> 2) + 1]) {
      case tag.integer:
        return "number";
      case tag.boolean:
        return "boolean";
      case tag.text:
        return "text";
      case tag.undefined:
        return "undefined";
      case tag.object:
        return this.#isBuffer(value) ? "bytes" : "other";
      default:
        return this.#isDouble(value) ? "number" : "other";
    }
  }

  number(value: number): number {
    const { ffi } = this.#internals;
    this.#heap();
    return this.#words[(value >> 2) + 1] === tag.integer
      ? (this.#words[value >> 2] ?? 0)
      : ffi.QTS_GetFloat64(this.#context, value);
  }

  boolean(value: number): boolean {
    this.#heap();
    return this.#words[value >> 2] === 1;
  }

  /** A text in UTF-8, lone surrogates replaced: a view of the engine's memory where it is ASCII, else a copy. */
  textBytes(value: number): Uint8Array<ArrayBuffer> {
    const units = this.#units(value);
    return !units.isWide && isAsciiOnly(units.bytes)
      ? units.bytes
      : Buffer.from(decodeUnits(units), "utf8");
  }

  /** A text as it is, lone surrogates too. */
  text(value: number): string {
    return decodeUnits(this.#units(value));
  }

  /** A view of the bytes of an `ArrayBuffer`. */
  bufferBytes(value: number): Uint8Array<ArrayBuffer> {
    const heap = this.#heap();
    const words = this.#words;
    const object = words[value >> 2] ?? 0;
    const record = words[(object >> 2) + this.#layout.recordWord] ?? 0;
    const length = words[(record >> 2) + this.#layout.lengthWord] ?? 0;
    const data = words[(record >> 2) + this.#layout.dataWord] ?? 0;
    if (record <= 0 || length < 0 || data < 0 || data + length > heap.length) {
      throw new RangeError("The engine's memory has no such buffer");
    }
    return length === 0 ? new Uint8Array(0) : heap.subarray(data, data + length);
  }

  /** From here on everything goes the public way. */
  [Symbol.dispose](): void {
    this.#uninstall?.();
    this.#callbacks.length = 0;
    this.#internals.module._free(this.#slots);
  }

  /** Replaces the function by which the engine's WebAssembly reaches the context. */
  #install(): () => void {
    const { cToHostCallbacks: callbacks, hostRefs } = this.#internals;
    const callFunction = callbacks.callFunction;
    const intercepting: typeof callFunction = (from, thisValue, count, values, id) => {
      if (from !== this.#context) return callFunction(from, thisValue, count, values, id);
      // Ids are given from the lowest integer on.
      const index = id - lowestId;
      let callback = this.#callbacks[index];
      if (callback === undefined) {
        callback = this.#functions.get(hostRefs.get(id));
        if (callback === undefined) return callFunction(from, thisValue, count, values, id);
        if (index < maxKnownIds) this.#callbacks[index] = callback;
      }
      const answer = callback(count, values);
      return answer === declined ? callFunction(from, thisValue, count, values, id) : answer;
    };
    callbacks.callFunction = intercepting;
    return () => {
      if (callbacks.callFunction === intercepting) callbacks.callFunction = callFunction;
      else this.#functions.clear();
    };
  }

  /** The engine's memory as it is now: growing it leaves older views empty. */
  #heap(): Uint8Array<ArrayBuffer> {
    const { HEAPU8 } = this.#internals.module;
    if (HEAPU8 !== this.#bytes) {
      this.#bytes = HEAPU8;
      this.#words = new Int32Array(HEAPU8.buffer);
      this.#buffer = Buffer.from(HEAPU8.buffer);
    }
    return HEAPU8;
  }

  #write(address: number, low: number, high: number): void {
    this.#words[address >> 2] = low;
    this.#words[(address >> 2) + 1] = high;
  }

  /** A new value, unless making it threw for want of memory. */
  #checked(value: number): number {
    if (value === 0) return 0;
    this.#heap();
    if (this.#words[(value >> 2) + 1] !== tag.exception) return value;
    const { ffi } = this.#internals;
    const error = ffi.QTS_ResolveException(this.#context, value);
    if (error !== 0) this.#free(error);
    this.#free(value);
    return 0;
  }

  #isBuffer(value: number): boolean {
    const object = this.#words[value >> 2] ?? 0;
    return classOf(this.#bytes, object) === this.#layout.bufferClass;
  }

  /** Every high half that is no tag belongs to a double. */
  #isDouble(value: number): boolean {
    const high = this.#words[(value >> 2) + 1] ?? 0;
    return high < tag.lowest || high > tag.highest;
  }

  #units(value: number): TextUnits {
    const heap = this.#heap();
    const words = this.#words;
    const string = words[value >> 2] ?? 0;
    const head = words[(string >> 2) + 1] ?? 0;
    const isWide = head < 0;
    const length = head & 0x7f_ff_ff_ff;
    const start = string + this.#layout.textOffset;
    const end = start + (isWide ? 2 * length : length);
    if (string <= 0 || end > heap.length) throw new RangeError("The engine has no such text");
    return { bytes: heap.subarray(start, end), isWide };
  }
}

/** Code units of a text from which on its bytes are counted: to count is slower than to reserve too much. */
const maxUncounted = 2 ** 16;

/** Bytes that are enough for a text in UTF-8. */
function sizeOf(text: string | Uint8Array): number {
  if (typeof text !== "string") return text.length;
  return text.length < maxUncounted ? text.length * 3 : Buffer.byteLength(text);
}

/** Code units of a text: bytes of Latin-1, or of UTF-16 in the engine's order, which is little-endian. */
interface TextUnits {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly isWide: boolean;
}

function decodeUnits({ bytes, isWide }: TextUnits): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString(isWide ? "utf16le" : "latin1");
}

/** Bytes from which on the platform's own test is faster than a loop. */
const longText = 256;

function isAsciiOnly(bytes: Uint8Array): boolean {
  const { length } = bytes;
  if (length >= longText) return isAscii(bytes);
  let bits = 0;
  for (let index = 0; index < length; index += 1) bits |= bytes[index] ?? 0;
  return bits < 0x80;
}

const pointerBytes = 4;
/** Arguments of the longest {@link RawEngine.call}. */
const maxArguments = 4;
const scratchBytes = 4_096;
const blockBytes: number = maxArguments * (valueBytes + pointerBytes) + scratchBytes;

/** The first number that the engine gives to a host function, and how many are kept in a list. */
const lowestId = -(2 ** 31);
const maxKnownIds = 1_024;

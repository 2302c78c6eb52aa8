/** Bytes behind the objects that Web IDL calls buffer sources. */
import {
  arrayBufferByteLength,
  arrayBufferResizable,
  dataViewBuffer,
  dataViewByteLength,
  dataViewByteOffset,
  getOwnPropertyDescriptor,
  isView,
  typedArrayBuffer,
  typedArrayByteLength,
  typedArrayByteOffset,
  typedArrayName,
  typedArraySet,
  TypeErrorOf,
  Uint8ArrayOf,
  uncurry,
} from "./intrinsics.ts";

const sharedArrayBufferByteLength: (self: unknown) => number = uncurry(
  getOwnPropertyDescriptor(SharedArrayBuffer.prototype, "byteLength")?.get as () => number,
);

/** An `ArrayBuffer` with exactly these bytes, never one that a script can reach. */
export function copyBytes(buffer: ArrayBuffer, start: number, length: number): ArrayBuffer {
  const copy = new Uint8ArrayOf(length);
  if (length > 0) typedArraySet(copy, new Uint8ArrayOf(buffer, start, length));
  return typedArrayBuffer(copy) as ArrayBuffer;
}

/** `ArrayBuffer`, not shared. */
export function isArrayBuffer(value: object): value is ArrayBuffer {
  try {
    arrayBufferByteLength(value);
    return true;
  } catch {
    return false;
  }
}

/** `BufferSource`: whether the object is one. Throws for those that Web IDL refuses: shared and resizable memory. */
export function isBufferSource(value: object): value is ArrayBuffer | ArrayBufferView {
  const view = isView(value);
  if (!view && !isArrayBuffer(value)) return false;
  const buffer: object = view ? viewBuffer(value) : value;
  if (!isArrayBuffer(buffer)) throw new TypeErrorOf("The view is of a SharedArrayBuffer");
  if (arrayBufferResizable(buffer)) throw new TypeErrorOf("The ArrayBuffer is resizable");
  return true;
}

/**
 * The bytes of a buffer source: the object's own buffer when that has no other bytes, else a copy; `undefined` for what is none.
 * Throws for those that {@link isBufferSource} throws for. In one pass, because each look at a built-in costs as much as a call.
 */
export function bufferSourceBytes(value: object): ArrayBuffer | undefined {
  const isAnyView = isView(value);
  if (!isAnyView && !isArrayBuffer(value)) return undefined;
  const name = isAnyView ? typedArrayName(value) : undefined;
  const buffer = isAnyView
    ? name === undefined
      ? dataViewBuffer(value)
      : typedArrayBuffer(value)
    : value;
  let bytes: number;
  try {
    bytes = arrayBufferByteLength(buffer);
  } catch {
    throw new TypeErrorOf("The view is of a SharedArrayBuffer");
  }
  if (arrayBufferResizable(buffer)) throw new TypeErrorOf("The ArrayBuffer is resizable");
  // A detached one is empty, but no buffer to hand on, and the getters of a DataView of it throw.
  if (bytes === 0) return copyBytes(buffer as ArrayBuffer, 0, 0);
  if (!isAnyView) return value;
  const length = name === undefined ? dataViewByteLength(value) : typedArrayByteLength(value);
  if (length === bytes) return buffer as ArrayBuffer;
  const offset = name === undefined ? dataViewByteOffset(value) : typedArrayByteOffset(value);
  return copyBytes(buffer as ArrayBuffer, offset, length);
}

/**
 * The bytes of an `ArrayBuffer`, `SharedArrayBuffer` or view, in a buffer of their own.
 *
 * @throws {TypeError} for anything else; `operation` begins the message.
 */
export function copyBufferSource(source: unknown, operation: string): Uint8Array<ArrayBuffer> {
  const view = viewBytes(source);
  if (view === undefined) throw new TypeErrorOf(operation + ": the argument is no BufferSource");
  const copy = new Uint8ArrayOf(typedArrayByteLength(view));
  typedArraySet(copy, view);
  return copy;
}

function viewBytes(source: unknown): Uint8Array | undefined {
  if (!isView(source)) {
    const length = bufferLength(source);
    if (length === undefined) return undefined;
    return length === 0 ? new Uint8ArrayOf(0) : new Uint8ArrayOf(source as ArrayBufferLike);
  }
  if (typedArrayName(source) === undefined) {
    return new Uint8ArrayOf(
      dataViewBuffer(source),
      dataViewByteOffset(source),
      dataViewByteLength(source),
    );
  }
  const length = typedArrayByteLength(source);
  // A detached buffer has no bytes, and makes no view.
  if (length === 0) return new Uint8ArrayOf(0);
  return new Uint8ArrayOf(typedArrayBuffer(source), typedArrayByteOffset(source), length);
}

/** Length of an `ArrayBuffer` or `SharedArrayBuffer`, `undefined` for anything else. */
function bufferLength(source: unknown): number | undefined {
  try {
    return arrayBufferByteLength(source);
  } catch {
    // Not an ArrayBuffer.
  }
  try {
    return sharedArrayBufferByteLength(source);
  } catch {
    return undefined;
  }
}

function viewBuffer(view: ArrayBufferView): ArrayBufferLike {
  return typedArrayName(view) === undefined ? dataViewBuffer(view) : typedArrayBuffer(view);
}

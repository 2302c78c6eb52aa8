import {
  arrayBufferByteLength,
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

/**
 * The bytes of an `ArrayBuffer`, `SharedArrayBuffer` or view, in a buffer of their own.
 *
 * @throws {TypeError} for anything else; `operation` begins the message.
 */
export function copyBytes(source: unknown, operation: string): Uint8Array<ArrayBuffer> {
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

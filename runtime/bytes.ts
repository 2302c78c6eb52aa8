/** Bytes behind the objects that Web IDL calls buffer sources. */
import {
  arrayBufferByteLength,
  arrayBufferResizable,
  dataViewBuffer,
  dataViewByteLength,
  dataViewByteOffset,
  isView,
  typedArrayBuffer,
  typedArrayByteLength,
  typedArrayByteOffset,
  typedArrayName,
  typedArraySet,
  TypeErrorOf,
  Uint8ArrayOf,
} from "./intrinsics.ts";

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
 * The bytes of a buffer source. Without `copy` it is the object's own buffer when that has no other bytes; a detached
 * buffer has none.
 */
export function readBytes(value: ArrayBuffer | ArrayBufferView, copy: boolean): ArrayBuffer {
  if (!isView(value)) {
    const length = arrayBufferByteLength(value);
    // A detached one is empty, but no buffer to hand on.
    return copy || length === 0 ? copyBytes(value, 0, length) : value;
  }
  const buffer = viewBuffer(value) as ArrayBuffer;
  const bytes = arrayBufferByteLength(buffer);
  // The getters of a DataView throw when it is detached.
  if (bytes === 0) return copyBytes(buffer, 0, 0);
  const isTyped = typedArrayName(value) !== undefined;
  const offset = isTyped ? typedArrayByteOffset(value) : dataViewByteOffset(value);
  const length = isTyped ? typedArrayByteLength(value) : dataViewByteLength(value);
  return !copy && length === bytes ? buffer : copyBytes(buffer, offset, length);
}

function viewBuffer(view: ArrayBufferView): ArrayBufferLike {
  return typedArrayName(view) === undefined ? dataViewBuffer(view) : typedArrayBuffer(view);
}

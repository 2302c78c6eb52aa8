import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten";
import { hasRoom } from "./internals.ts";
import type { RawEngine } from "./raw-engine.ts";

/** The engine's memory is exhausted: the value could not be made. */
export class OutOfMemoryError extends Error {
  constructor(bytes: number) {
    super(`The engine has no room for a value of ${bytes} bytes`);
    this.name = "OutOfMemoryError";
  }
}

/**
 * Makes values of one context, with every allocation checked: the engine's own `newString` and `newArrayBuffer` ignore a failed one
 * and write to address 0.
 */
export interface Values {
  /** Makes a string. The text must be well-formed and without U+0000. */
  text(text: string): QuickJSHandle;
  /** Makes an `ArrayBuffer` with a copy of `bytes`. */
  buffer(bytes: Uint8Array): QuickJSHandle;
  /** Throws {@link OutOfMemoryError} unless the engine's own functions have room for so many bytes at once. */
  checkRoom(bytes: number): void;
}

/** Creates the {@link Values} of a context. */
export function createValues(context: QuickJSContext, raw: RawEngine | undefined): Values {
  function checkRoom(bytes: number): void {
    if (!hasRoom(context, bytes)) throw new OutOfMemoryError(bytes);
  }

  if (raw === undefined) {
    const made = (handle: QuickJSHandle, type: string, bytes: number): QuickJSHandle => {
      // Instead of a value the engine may have made an exception.
      if (context.typeof(handle) === type) return handle;
      handle.dispose();
      throw new OutOfMemoryError(bytes);
    };
    return {
      text(text) {
        checkRoom(2 * Buffer.byteLength(text) + roomForValue);
        return made(context.newString(text), "string", text.length);
      },
      buffer(bytes) {
        checkRoom(bytes.byteLength + roomForValue);
        // A view of a pooled Buffer must be cut to its own bytes.
        return made(
          context.newArrayBuffer(new Uint8Array(bytes).buffer),
          "object",
          bytes.byteLength,
        );
      },
      checkRoom,
    };
  }
  return {
    text: (text) => raw.toHandle(checked(raw.newText(text), text.length)),
    buffer: (bytes) => raw.toHandle(checked(raw.newBuffer(bytes), bytes.byteLength)),
    checkRoom,
  };
}

/** Bytes that a value takes beside its content. */
const roomForValue = 256;

/** A value that was made; 0 is none. */
export function checked(value: number, bytes: number): number {
  if (value === 0) throw new OutOfMemoryError(bytes);
  return value;
}

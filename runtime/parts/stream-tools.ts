import {
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamDefaultReader,
  readSlot,
} from "web-streams-polyfill";
import { bufferSourceBytes } from "../bytes.ts";
import {
  arrayBufferByteLength,
  promiseThen,
  typedArrayName,
  TypeErrorOf,
  Uint8ArrayOf,
  uncurry,
  uncurryGetter,
} from "../intrinsics.ts";
import type { ByteSource, StreamTools } from "../stream-tools.ts";
import { createTransform } from "./transform.ts";

declare module "web-streams-polyfill" {
  /** An internal slot of an object of the library: what `tools/hidden-slots.ts` adds to it. */
  export function readSlot(object: object, name: string): unknown;
}

// Taken before a script gets hold of the classes.
const isLocked: (stream: unknown) => boolean = uncurryGetter(ReadableStream.prototype, "locked");
const cancel: (stream: unknown, reason: unknown) => Promise<void> = uncurry(
  ReadableStream.prototype.cancel,
);
const tee: (stream: unknown) => readonly [object, object] = uncurry(ReadableStream.prototype.tee);
const read: (reader: unknown) => Promise<{ readonly done: boolean; readonly value: unknown }> =
  uncurry(ReadableStreamDefaultReader.prototype.read as () => Promise<never>);
const cancelReader: (reader: unknown, reason: unknown) => Promise<void> = uncurry(
  ReadableStreamDefaultReader.prototype.cancel,
);
const enqueue: (controller: unknown, chunk: Uint8Array) => void = uncurry(
  ReadableByteStreamController.prototype.enqueue,
);
const close: (controller: unknown) => void = uncurry(ReadableByteStreamController.prototype.close);
const byobRequest: (controller: unknown) => { respond(bytes: number): void } | null = uncurryGetter(
  ReadableByteStreamController.prototype,
  "byobRequest",
);

/** See {@link StreamTools}. */
export const streamTools: StreamTools = {
  __proto__: null,
  createByteStream,
  createTransform,
  isReadableStream: (value: unknown): value is object => {
    try {
      isLocked(value);
      return true;
    } catch {
      return false;
    }
  },
  isLocked,
  isDisturbed: (stream: object): boolean => readSlot(stream, "_disturbed") === true,
  tee,
  readBytes,
  cancel(stream: object, reason: unknown): void {
    promiseThen(cancel(stream, reason), nothing, nothing);
  },
} as StreamTools;

/** Whoever gave a stream that was canceled hears of what comes of it. */
function nothing(): void {}

function createByteStream(source: ByteSource): object {
  return new ReadableStream({
    __proto__: null,
    type: "bytes",
    pull: (controller: unknown): Promise<void> =>
      promiseThen(source.pull(), (bytes) => {
        if (bytes !== undefined && arrayBufferByteLength(bytes) > 0) {
          enqueue(controller, new Uint8ArrayOf(bytes as ArrayBuffer));
          return;
        }
        close(controller);
        // A reader that brought its own buffer waits for it.
        byobRequest(controller)?.respond(0);
      }) as Promise<void>,
    cancel: (reason: unknown): void => source.cancel(reason),
  } as object);
}

async function readBytes(
  stream: object,
  take: (chunk: Uint8Array<ArrayBuffer>) => void,
): Promise<void> {
  const reader = new ReadableStreamDefaultReader(stream as ReadableStream);
  for (;;) {
    const { done, value } = await read(reader);
    if (done) return;
    if (typedArrayName(value) !== "Uint8Array") {
      const error = new TypeErrorOf("A chunk of the body is no Uint8Array");
      promiseThen(cancelReader(reader, error), nothing, nothing);
      throw error;
    }
    take(new Uint8ArrayOf(bufferSourceBytes(value as Uint8Array) as ArrayBuffer));
  }
}

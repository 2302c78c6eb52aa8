import { TransformStream, TransformStreamDefaultController } from "web-streams-polyfill";
import { uncurry, uncurryGetter } from "../intrinsics.ts";
import type { StreamTools } from "../stream-tools.ts";

const readable: (stream: unknown) => object = uncurryGetter(TransformStream.prototype, "readable");
const writable: (stream: unknown) => object = uncurryGetter(TransformStream.prototype, "writable");
const enqueue: (controller: unknown, chunk: unknown) => void = uncurry(
  TransformStreamDefaultController.prototype.enqueue,
);

/** See {@link StreamTools}. */
export const createTransform: StreamTools["createTransform"] = (transform, flush) => {
  const stream = new TransformStream({
    __proto__: null,
    transform: (chunk: unknown, controller: unknown): void =>
      transform(chunk, (made) => enqueue(controller, made)),
    flush: (controller: unknown): void => flush((made) => enqueue(controller, made)),
  } as object);
  return { readable: readable(stream), writable: writable(stream) };
};

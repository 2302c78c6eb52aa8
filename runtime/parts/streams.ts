import {
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  TransformStream,
  TransformStreamDefaultController,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
} from "web-streams-polyfill";
import { defineClassString, defineFunction, defineInterface } from "../interface.ts";
import { deleteProperty, getPrototypeOf, setPrototypeOf } from "../intrinsics.ts";
import type { PartInstaller } from "../parts.ts";
import { streamTools } from "./stream-tools.ts";
import { defineTextStreams } from "./text-streams.ts";

/** Interfaces by name: bundling renames some of the classes. */
const interfaces: readonly (readonly [name: string, constructor: unknown])[] = [
  ["ByteLengthQueuingStrategy", ByteLengthQueuingStrategy],
  ["CountQueuingStrategy", CountQueuingStrategy],
  ["ReadableByteStreamController", ReadableByteStreamController],
  ["ReadableStream", ReadableStream],
  ["ReadableStreamBYOBReader", ReadableStreamBYOBReader],
  ["ReadableStreamBYOBRequest", ReadableStreamBYOBRequest],
  ["ReadableStreamDefaultController", ReadableStreamDefaultController],
  ["ReadableStreamDefaultReader", ReadableStreamDefaultReader],
  ["TransformStream", TransformStream],
  ["TransformStreamDefaultController", TransformStreamDefaultController],
  ["WritableStream", WritableStream],
  ["WritableStreamDefaultController", WritableStreamDefaultController],
  ["WritableStreamDefaultWriter", WritableStreamDefaultWriter],
];

/**
 * Streams, as the reference implementation of their standard has them.
 *
 * @see https://streams.spec.whatwg.org/
 */
export const install: PartInstaller<"streams"> = (_scope, target) => {
  for (let index = 0; index < interfaces.length; index++) {
    const { 0: name, 1: constructor } = interfaces[index] as readonly [string, unknown];
    const exposed = constructor as typeof ReadableStream;
    defineInterface(target, exposed, { name, length: exposed.length });
  }
  defineIterator();
  defineTextStreams(target);
  return streamTools;
};

/** Gives the prototype of a stream's asynchronous iterators the shape that Web IDL describes. */
function defineIterator(): void {
  const prototype = getPrototypeOf(new ReadableStream().values()) as AsyncIterator<unknown>;
  const { next, return: end } = prototype;
  deleteProperty(prototype, Symbol.asyncIterator);
  setPrototypeOf(prototype, asyncIteratorPrototype);
  defineFunction(prototype, "next", next, 0);
  defineFunction(prototype, "return", end as () => Promise<never>, 1);
  defineClassString(prototype, "ReadableStreamAsyncIterator");
}

/** %AsyncIteratorPrototype%. */
const asyncIteratorPrototype: object = getPrototypeOf(
  getPrototypeOf(getPrototypeOf((async function* () {})()) as object) as object,
) as object;

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
import { defineInterface } from "../interface.ts";
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
  defineTextStreams(target, TransformStreamDefaultController.prototype);
  return streamTools;
};

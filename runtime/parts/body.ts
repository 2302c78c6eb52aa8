/** What `Request` and `Response` have in common: their bodies. */
import { blobBytes, blobType, createBlob, isBlob } from "../blob.ts";
import { bufferSourceBytes, copyBytes } from "../bytes.ts";
import { hostDecode, hostEncode } from "../host.ts";
import { defineAttribute, defineFunction } from "../interface.ts";
import {
  arrayBufferByteLength,
  jsonParse,
  jsonStringify,
  PromiseOf,
  promiseThen,
  typedArrayBuffer,
  typedArrayByteLength,
  TypeErrorOf,
  Uint8ArrayOf,
} from "../intrinsics.ts";
import { loadedPart, loadPart } from "../parts.ts";
import { isObject, toUSVString } from "../webidl.ts";
import {
  addChunk,
  type ByteSource,
  createChunks,
  joinChunks,
  readAll,
  tee,
  wholeSource,
} from "./byte-source.ts";
import { formDataBody, isFormData, parseFormData } from "./form-data.ts";
import { essence } from "./media-type.ts";

/** A body: its source is read, or its stream once there is one, which reads the source. */
export interface Body {
  readonly source: ByteSource | undefined;
  stream: object | undefined;
  isUsed: boolean;
}

/** A body made of what a script gave, with the media type that goes with it. */
export interface ExtractedBody {
  readonly body: Body;
  readonly type: string | undefined;
  /** Whether the script gave a stream. */
  readonly isStream: boolean;
}

/** What the methods need of an object. */
export interface BodyOwner {
  readonly body: Body | undefined;
  /** The value of `Content-Type`. */
  readonly type: string | undefined;
}

/** A body that is read from `source`. */
export function createBody(source: ByteSource): Body {
  return { source, stream: undefined, isUsed: false };
}

function streamBody(stream: object): Body {
  return { source: undefined, stream, isUsed: false };
}

/** `BodyInit`. @see https://fetch.spec.whatwg.org/#concept-bodyinit-extract */
export function extractBody(value: unknown): ExtractedBody {
  if (isObject(value)) {
    if (isBlob(value)) {
      const type = blobType(value);
      return extracted(blobBytes(value), type === "" ? undefined : type);
    }
    const bytes = bufferSourceBytes(value);
    if (bytes !== undefined) {
      return extracted(copyBytes(bytes, 0, arrayBufferByteLength(bytes)), undefined);
    }
    if (isFormData(value)) {
      const { bytes: form, type } = formDataBody(value);
      return extracted(form, type);
    }
    const streams = loadedPart("streams");
    if (streams?.isReadableStream(value) === true) {
      if (streams.isLocked(value) || streams.isDisturbed(value)) {
        throw new TypeErrorOf("The stream has been read already, or somebody reads it");
      }
      return { body: streamBody(value), type: undefined, isStream: true };
    }
    const query = loadedPart("url")?.queryOf(value);
    if (query !== undefined) return extracted(encode(query), formType);
  }
  return extracted(encode(toUSVString(value)), "text/plain;charset=UTF-8");
}

/** Whether a body has been read, or somebody is reading it. */
export function isUnusable(body: Body): boolean {
  return isUsed(body) || (body.stream !== undefined && loadPart("streams").isLocked(body.stream));
}

/** Splits a body, for `clone()`: the first part takes the place of the body. */
export function cloneBody(body: Body): readonly [Body, Body] {
  const { source, stream } = body;
  if (stream !== undefined) {
    const { 0: one, 1: other } = loadPart("streams").tee(stream);
    return [streamBody(one), streamBody(other)];
  }
  const { 0: one, 1: other } = tee(source as ByteSource);
  return [createBody(one), createBody(other)];
}

/** A body with what is left of another, which counts as read. */
export function moveBody(body: Body): Body {
  const moved = { source: body.source, stream: body.stream, isUsed: false };
  body.isUsed = true;
  return moved;
}

/** Reads all of a body, which must not have been read. */
export function consumeBody(
  body: Body,
  done: (bytes: ArrayBuffer) => void,
  fail: (reason: unknown) => void,
): void {
  const { source, stream } = body;
  if (stream === undefined) {
    body.isUsed = true;
    readAll(source as ByteSource, done, fail);
    return;
  }
  const chunks = createChunks();
  const reading = loadPart("streams").readBytes(stream, (chunk) => {
    // The script may have given the very buffer, and keep it.
    const length = typedArrayByteLength(chunk);
    addChunk(chunks, copyBytes(typedArrayBuffer(chunk) as ArrayBuffer, 0, length));
  });
  body.isUsed = true;
  promiseThen(
    reading,
    () => {
      try {
        done(joinChunks(chunks));
      } catch (error) {
        fail(error);
      }
    },
    fail,
  );
}

/** Whether somebody has read from a body. */
function isUsed(body: Body): boolean {
  const { stream } = body;
  return body.isUsed || (stream !== undefined && loadPart("streams").isDisturbed(stream));
}

/** The stream of a body, made when it is asked for. */
function streamOf(body: Body): object {
  const { source, stream } = body;
  if (stream !== undefined) return stream;
  const tools = loadPart("streams");
  // What another method reads, or has read, is not read again.
  const reading = body.isUsed ? emptySource : (source as ByteSource);
  const made = tools.createByteStream({
    pull: () => new PromiseOf((resolve, reject) => reading.read(resolve, reject)),
    cancel: () => reading.cancel(),
  });
  if (body.isUsed) tools.cancel(made, undefined);
  body.stream = made;
  return made;
}

/**
 * Defines the attributes and methods of bodies on the prototype of an interface. `owner` throws for anything else.
 *
 * @see https://fetch.spec.whatwg.org/#body-mixin
 */
export function defineBodyMixin(prototype: object, owner: (value: unknown) => BodyOwner): void {
  function define(
    name: string,
    pack: (bytes: ArrayBuffer, type: string | undefined) => unknown,
  ): void {
    const operations = {
      operation(this: unknown): Promise<unknown> {
        return new PromiseOf((resolve, reject) => {
          const { body, type } = owner(this);
          const done = (bytes: ArrayBuffer): void => {
            resolve(pack(bytes, type));
          };
          if (body === undefined) done(emptyBuffer());
          else if (isUnusable(body)) throw new TypeErrorOf("The body has been read already");
          else consumeBody(body, done, reject);
        });
      },
    };
    defineFunction(prototype, name, operations.operation, 0);
  }

  defineAttribute(prototype, "body", function (this: unknown) {
    const { body } = owner(this);
    return body === undefined ? null : streamOf(body);
  });
  defineAttribute(prototype, "bodyUsed", function (this: unknown) {
    const { body } = owner(this);
    return body !== undefined && isUsed(body);
  });
  define("arrayBuffer", (bytes) => bytes);
  define("blob", (bytes, type) => createBlob(bytes, essenceOrNone(type)));
  define("bytes", (bytes) => new Uint8ArrayOf(bytes));
  define("formData", (bytes, type) => parseFormData(bytes, type, () => decodeText(bytes)));
  define("json", (bytes) => jsonParse(decodeText(bytes)));
  define("text", decodeText);
}

/** "UTF-8 decode": drops one byte order mark. */
export function decodeText(bytes: ArrayBuffer): string {
  const head = new Uint8ArrayOf(bytes);
  const hasMark = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf;
  const rest = hasMark ? copyBytes(bytes, 3, arrayBufferByteLength(bytes) - 3) : bytes;
  return jsonParse(hostDecode("utf-8", false, rest)) as string;
}

const emptySource: ByteSource = wholeSource(emptyBuffer());

const formType = "application/x-www-form-urlencoded;charset=UTF-8";

function emptyBuffer(): ArrayBuffer {
  return typedArrayBuffer(new Uint8ArrayOf(0)) as ArrayBuffer;
}

function essenceOrNone(type: string | undefined): string {
  return type === undefined ? "" : essence(type);
}

function extracted(bytes: ArrayBuffer, type: string | undefined): ExtractedBody {
  return { body: createBody(wholeSource(bytes)), type, isStream: false };
}

function encode(text: string): ArrayBuffer {
  return hostEncode(jsonStringify(text));
}

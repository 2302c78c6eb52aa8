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
  typedArrayBuffer,
  TypeErrorOf,
  Uint8ArrayOf,
} from "../intrinsics.ts";
import { loadedPart } from "../parts.ts";
import { isObject, toUSVString } from "../webidl.ts";
import { type ByteSource, readAll, tee, wholeSource } from "./byte-source.ts";
import { formDataBody, isFormData, parseFormData } from "./form-data.ts";
import { essence } from "./media-type.ts";

/** A body. Either its source is read, or its stream, once there is one. */
export interface Body {
  readonly source: ByteSource;
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
    const query = loadedPart("url")?.queryOf(value);
    if (query !== undefined) return extracted(encode(query), formType);
  }
  return extracted(encode(toUSVString(value)), "text/plain;charset=UTF-8");
}

/** Whether a body has been read, or somebody is reading it. */
export function isUnusable(body: Body): boolean {
  return body.isUsed;
}

/** Splits a body, for `clone()`: the first part takes the place of the body. */
export function cloneBody(body: Body): readonly [Body, Body] {
  const branches = tee(body.source);
  return [createBody(branches[0]), createBody(branches[1])];
}

/** A body with what is left of another, which counts as read. */
export function moveBody(body: Body): Body {
  const moved = createBody(body.source);
  body.isUsed = true;
  return moved;
}

/** Reads all of a body, which must not have been read. */
export function consumeBody(
  body: Body,
  done: (bytes: ArrayBuffer) => void,
  fail: (reason: unknown) => void,
): void {
  body.isUsed = true;
  readAll(body.source, done, fail);
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

  defineAttribute(prototype, "bodyUsed", function (this: unknown) {
    return owner(this).body?.isUsed ?? false;
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

import { Blob, blobType, isBlob } from "./blob.ts";
import { DOMException } from "./dom-exception.ts";
import { File } from "./file.ts";
import { defineProperty, symbolIterator, uncurry, uncurryGetter } from "./intrinsics.ts";
import { dataProperty } from "./object-kind.ts";

const slice: (self: unknown, start: number, end: number, type: string) => Blob = uncurry(
  Blob.prototype.slice,
);
const blobSize: (self: unknown) => number = uncurryGetter(Blob.prototype, "size");
const fileName: (self: unknown) => string = uncurryGetter(File.prototype, "name");
const fileTime: (self: unknown) => number = uncurryGetter(File.prototype, "lastModified");
const exceptionName: (self: unknown) => string = uncurryGetter(DOMException.prototype, "name");
const exceptionMessage: (self: unknown) => string = uncurryGetter(
  DOMException.prototype,
  "message",
);

/** A copy of one of the serializable objects of the platform, `undefined` for everything else. */
export function clonePlatformObject(object: object): object | undefined {
  return isBlob(object) ? cloneBlob(object) : cloneException(object);
}

function cloneBlob(blob: Blob): Blob {
  // The bytes never change, so both may have the same.
  const copy = slice(blob, 0, blobSize(blob), blobType(blob));
  const name = attempt(() => fileName(blob));
  if (name === undefined) return copy;
  const options = { __proto__: null, type: blobType(blob), lastModified: fileTime(blob) };
  return new File(oneItem(copy), name, options);
}

function cloneException(object: object): object | undefined {
  const name = attempt(() => exceptionName(object));
  if (name === undefined) return undefined;
  const copy = new DOMException(exceptionMessage(object), name);
  defineProperty(copy, "stack", {
    __proto__: null,
    value: dataProperty(object, "stack"),
    writable: true,
    enumerable: false,
    configurable: true,
  } as PropertyDescriptor);
  return copy;
}

/** A sequence of one item that no script can intercept, as an array's iterator could be. */
function oneItem(value: unknown): object {
  let done = false;
  const next = (): object => {
    const result = { value, done };
    done = true;
    return result;
  };
  return { __proto__: null, [symbolIterator]: () => ({ __proto__: null, next }) };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // An object of another kind.
    return undefined;
  }
}

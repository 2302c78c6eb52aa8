import { Blob, BlobParts } from "./blob.ts";
import { dateNow } from "./intrinsics.ts";
import {
  checkArguments,
  illegalInvocation,
  toDictionary,
  toLongLong,
  toUSVString,
} from "./webidl.ts";

export let isFile: (value: object) => value is File;
export let fileName: (file: File) => string;

/** Makes a file with a copy of `bytes`. */
export function createFile(bytes: ArrayBuffer, name: string, type: string): File {
  return new File(new BlobParts(undefined, bytes), name, { __proto__: null, type });
}

/** @see https://w3c.github.io/FileAPI/#file-section */
export class File extends Blob {
  readonly #name: string;
  readonly #lastModified: number;

  constructor(parts: unknown, name: unknown, options?: unknown) {
    checkArguments("File", arguments.length, 2);
    // In the order of the arguments: the conversions run code of the script.
    const converted = BlobParts.of(parts);
    const text = toUSVString(name);
    super(converted, options);
    this.#name = text;
    const lastModified = toDictionary(options)?.["lastModified"];
    this.#lastModified = lastModified === undefined ? dateNow() : toLongLong(lastModified);
  }

  get name(): string {
    if (!(#name in this)) illegalInvocation();
    return this.#name;
  }

  get lastModified(): number {
    if (!(#name in this)) illegalInvocation();
    return this.#lastModified;
  }

  static {
    isFile = (value): value is File => #name in value;
    fileName = (file) => file.#name;
  }
}

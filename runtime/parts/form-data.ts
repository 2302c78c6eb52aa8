import { type Blob, blobBytes, blobType, isBlob } from "../blob.ts";
import { createFile, type File, fileName, isFile } from "../file.ts";
import { hostEncode } from "../host.ts";
import { defineFunction, defineInterface } from "../interface.ts";
import {
  arrayBufferByteLength,
  charCodeAt,
  createList,
  defineProperty,
  jsonStringify,
  stringSlice,
  symbolIterator,
  toArray,
  typedArrayBuffer,
  typedArraySet,
  TypeErrorOf,
  Uint8ArrayOf,
} from "../intrinsics.ts";
import { parseQuery } from "../url-service.ts";
import { checkArguments, illegalInvocation, isObject, toUSVString } from "../webidl.ts";
import { baseType, parameterOf } from "./media-type.ts";
import { type MultipartPart, parseMultipart } from "./multipart.ts";
import {
  defineIterator,
  forEachPair,
  type Iterate,
  type IterationKind,
  replacePair,
} from "./pairs.ts";

type Entry = readonly [name: string, value: string | File];

export let isFormData: (value: object) => value is FormData;
let read: (form: FormData) => Entry[];
let randomHex: () => string;

/** @see https://xhr.spec.whatwg.org/#interface-formdata */
export class FormData {
  #entries: Entry[] = createList();

  constructor(form?: unknown) {
    if (form !== undefined) throw new TypeErrorOf("FormData: there are no forms here");
  }

  append(...input: readonly unknown[]): void {
    const entries = read(this);
    checkArguments("append", input.length, 2);
    entries[entries.length] = toEntry(input);
  }

  delete(...input: readonly unknown[]): void {
    read(this);
    checkArguments("delete", input.length, 1);
    this.#replace(toUSVString(input[0]), undefined);
  }

  get(...input: readonly unknown[]): string | File | null {
    const entries = read(this);
    checkArguments("get", input.length, 1);
    const name = toUSVString(input[0]);
    for (let index = 0; index < entries.length; index++) {
      const entry = entries[index] as Entry;
      if (entry[0] === name) return entry[1];
    }
    return null;
  }

  getAll(...input: readonly unknown[]): (string | File)[] {
    const entries = read(this);
    checkArguments("getAll", input.length, 1);
    const name = toUSVString(input[0]);
    const values = createList<string | File>();
    for (let index = 0; index < entries.length; index++) {
      const entry = entries[index] as Entry;
      if (entry[0] === name) values[values.length] = entry[1];
    }
    return toArray(values);
  }

  has(...input: readonly unknown[]): boolean {
    const entries = read(this);
    checkArguments("has", input.length, 1);
    const name = toUSVString(input[0]);
    for (let index = 0; index < entries.length; index++) {
      if ((entries[index] as Entry)[0] === name) return true;
    }
    return false;
  }

  set(...input: readonly unknown[]): void {
    read(this);
    checkArguments("set", input.length, 2);
    const entry = toEntry(input);
    this.#replace(entry[0], entry);
  }

  entries(): object {
    return iterateOver(this, "entries");
  }

  keys(): object {
    return iterateOver(this, "keys");
  }

  values(): object {
    return iterateOver(this, "values");
  }

  forEach(...input: readonly unknown[]): void {
    read(this);
    forEachPair(this, input, (index) => this.#entries[index]);
  }

  /** Puts `entry` in the place of the first of that name, or at the end, and drops the others. */
  #replace(name: string, entry: Entry | undefined): void {
    this.#entries = replacePair(this.#entries, name, entry);
  }

  static {
    isFormData = (value): value is FormData => #entries in value;
    read = (form) => {
      if (!isObject(form) || !(#entries in form)) illegalInvocation();
      return form.#entries;
    };
  }
}

/** Defines `FormData`; `random` answers random bytes. */
export function defineFormData(target: object, random: (length: number) => ArrayBuffer): void {
  randomHex = () => {
    const bytes = new Uint8ArrayOf(random(12));
    let text = "";
    for (let index = 0; index < 12; index++) {
      const byte = bytes[index] ?? 0;
      text += "0123456789abcdef"[byte >> 4] ?? "";
      text += "0123456789abcdef"[byte & 15] ?? "";
    }
    return text;
  };
  const { prototype } = FormData;
  defineInterface(target, FormData, { name: "FormData" });
  defineFunction(prototype, "append", prototype.append, 2);
  defineFunction(prototype, "delete", prototype.delete, 1);
  defineFunction(prototype, "get", prototype.get, 1);
  defineFunction(prototype, "getAll", prototype.getAll, 1);
  defineFunction(prototype, "has", prototype.has, 1);
  defineFunction(prototype, "set", prototype.set, 2);
  defineFunction(prototype, "forEach", prototype.forEach, 1);
  defineProperty(prototype, symbolIterator, {
    __proto__: null,
    value: prototype.entries,
    writable: true,
    enumerable: false,
    configurable: true,
  } as PropertyDescriptor);
  iterate = defineIterator("FormData Iterator");
}

let iterate: Iterate;

/** A form as the body of a request. @see https://html.spec.whatwg.org/#multipart-form-data */
export function formDataBody(form: FormData): {
  readonly bytes: ArrayBuffer;
  readonly type: string;
} {
  const boundary = "----formdata-" + randomHex();
  const pieces = createList<ArrayBuffer>();
  const entries = read(form);
  let size = 0;
  const add = (piece: ArrayBuffer): void => {
    pieces[pieces.length] = piece;
    size += arrayBufferByteLength(piece);
  };
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index] as Entry;
    const { 0: name, 1: value } = entry;
    let head = "--" + boundary + '\r\nContent-Disposition: form-data; name="';
    head += escaped(withLineBreaks(name)) + '"';
    if (typeof value === "string") {
      add(encode(head + "\r\n\r\n" + withLineBreaks(value) + "\r\n"));
      continue;
    }
    const type = blobType(value);
    head += '; filename="' + escaped(fileName(value)) + '"\r\nContent-Type: ';
    add(encode(head + (type === "" ? "application/octet-stream" : type) + "\r\n\r\n"));
    add(blobBytes(value));
    add(encode("\r\n"));
  }
  add(encode("--" + boundary + "--\r\n"));
  const joined = new Uint8ArrayOf(size);
  let offset = 0;
  for (let index = 0; index < pieces.length; index++) {
    const piece = pieces[index] as ArrayBuffer;
    typedArraySet(joined, new Uint8ArrayOf(piece), offset);
    offset += arrayBufferByteLength(piece);
  }
  return {
    bytes: typedArrayBuffer(joined) as ArrayBuffer,
    type: "multipart/form-data; boundary=" + boundary,
  };
}

/** Reads a form; throws a `TypeError` for bytes that are none. */
export function parseFormData(
  bytes: ArrayBuffer,
  type: string | undefined,
  text: () => string,
): FormData {
  const form = new FormData();
  const entries = read(form);
  const kind = type === undefined ? "" : baseType(type);
  if (kind === "application/x-www-form-urlencoded") {
    const pairs = parseQuery(text());
    for (let index = 0; index < pairs.length; index++) {
      const pair = pairs[index] as readonly [string, string];
      entries[entries.length] = [pair[0], pair[1]];
    }
    return form;
  }
  const boundary = parameterOf(type ?? "", "boundary") ?? "";
  if (kind !== "multipart/form-data" || boundary === "") {
    throw new TypeErrorOf(
      "formData: the Content-Type is neither multipart/form-data nor urlencoded",
    );
  }
  const parts = parseMultipart(bytes, boundary);
  if (parts === undefined) throw new TypeErrorOf("formData: the body is not multipart/form-data");
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] as MultipartPart;
    const value =
      part.fileName === undefined
        ? part.text()
        : createFile(part.bytes(), part.fileName, part.type ?? "text/plain");
    entries[entries.length] = [part.name, value];
  }
  return form;
}

function iterateOver(form: FormData, kind: IterationKind): object {
  read(form);
  return iterate(kind, (index) => read(form)[index]);
}

/** Name, value and file name of a method's arguments. */
function toEntry(input: readonly unknown[]): Entry {
  const name = toUSVString(input[0]);
  const value = input[1];
  if (!isObject(value) || !isBlob(value)) {
    if (input.length > 2) throw new TypeErrorOf("FormData: only a Blob has a file name");
    return [name, toUSVString(value)];
  }
  if (input[2] !== undefined) return [name, renamed(value, toUSVString(input[2]))];
  return [name, isFile(value) ? value : renamed(value, "blob")];
}

function renamed(blob: Blob, name: string): File {
  return createFile(blobBytes(blob), name, blobType(blob));
}

/** Every line break as the two characters that forms have. */
function withLineBreaks(text: string): string {
  let result = "";
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = charCodeAt(text, index);
    if (unit !== 0x0d && unit !== 0x0a) continue;
    result += stringSlice(text, start, index) + "\r\n";
    if (unit === 0x0d && charCodeAt(text, index + 1) === 0x0a) index++;
    start = index + 1;
  }
  return result + stringSlice(text, start);
}

/** A name within quotes. */
function escaped(text: string): string {
  let result = "";
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? "";
    if (character === '"') result += "%22";
    else if (character === "\r") result += "%0D";
    else if (character === "\n") result += "%0A";
    else result += character;
  }
  return result;
}

function encode(text: string): ArrayBuffer {
  return hostEncode(jsonStringify(text));
}

/** Requests to the host's service `subtle`, and its answers. */
import {
  createList,
  jsonParse,
  jsonStringify,
  ownKeys,
  typedArrayBuffer,
  typedArraySet,
  Uint8ArrayOf,
} from "../intrinsics.ts";
import { type Task, startTask } from "../tasks.ts";
import { fromCodeUnits } from "../text.ts";
import type { KeyAlgorithm, KeyState, KeyType } from "./crypto-key.ts";
import { type Normalized, sizeOf } from "./subtle-algorithms.ts";

/** What a parameter may be; a list is one of {@link createList}. */
export type Parameter = string | number | readonly Parameter[];

/** The bytes of a request, side by side. */
export class Chunks {
  readonly #list = createList<Uint8Array<ArrayBuffer>>();
  #size = 0;

  /** Adds bytes and answers their index. */
  add(bytes: Uint8Array<ArrayBuffer>): number {
    const index = this.#list.length;
    this.#list[index] = bytes;
    this.#size += sizeOf(bytes);
    return index;
  }

  /** Their lengths. */
  get lengths(): readonly number[] {
    const lengths = createList<number>();
    for (let index = 0; index < this.#list.length; index++) {
      lengths[index] = sizeOf(this.#list[index] as Uint8Array<ArrayBuffer>);
    }
    return lengths;
  }

  /** All of them in one buffer. */
  join(): ArrayBuffer {
    const { 0: only } = this.#list;
    if (this.#list.length === 1 && only !== undefined) return typedArrayBuffer(only) as ArrayBuffer;
    const all = new Uint8ArrayOf(this.#size);
    let start = 0;
    for (let index = 0; index < this.#list.length; index++) {
      const bytes = this.#list[index] as Uint8Array<ArrayBuffer>;
      typedArraySet(all, bytes, start);
      start += sizeOf(bytes);
    }
    return typedArrayBuffer(all) as ArrayBuffer;
  }
}

/** Names and values of an algorithm in turn. */
export function algorithmParameter(
  algorithm: Normalized | KeyAlgorithm,
  chunks: Chunks,
): Parameter {
  const members = algorithm as unknown as Readonly<Record<string, unknown>>;
  const list = createList<Parameter>();
  const names = ownKeys(members);
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string;
    const value = members[name];
    if (value === undefined) continue;
    list[list.length] = name;
    list[list.length] = memberParameter(name, value, chunks);
  }
  return list;
}

function memberParameter(name: string, value: unknown, chunks: Chunks): Parameter {
  if (typeof value !== "object" || value === null) return value as string | number;
  if (name === "public") return keyParameter(value as KeyState, chunks);
  if (name === "publicExponent") return copyList(value as ArrayLike<number>);
  return chunks.add(value as Uint8Array<ArrayBuffer>);
}

/** A key, with its data. */
export function keyParameter(key: KeyState, chunks: Chunks): Parameter {
  const list = createList<Parameter>();
  list[0] = key.type;
  list[1] = algorithmParameter(key.algorithm, chunks);
  list[2] = key.usages;
  list[3] = chunks.add(key.data);
  return list;
}

/** Sends a request to the host. `parameters` is a list of the runtime. */
export function sendRequest(
  operation: string,
  chunks: Chunks,
  parameters: readonly Parameter[],
  task: Task,
): void {
  const request = createList<Parameter>();
  request[0] = operation;
  request[1] = chunks.lengths;
  for (let index = 0; index < parameters.length; index++) {
    request[request.length] = parameters[index] as Parameter;
  }
  startTask("subtle", jsonStringify(request), chunks.join(), task);
}

/** Takes the answer of an operation that makes keys apart: see `packKeys` on the host. */
export function readKeys(answer: ArrayBuffer, extractable: boolean): readonly KeyState[] {
  const bytes = new Uint8ArrayOf(answer);
  const textLength = (bytes[0] ?? 0) + (bytes[1] ?? 0) * 256 + (bytes[2] ?? 0) * 65_536;
  const list = jsonParse(fromCodeUnits(bytes, 4, textLength)) as readonly AnsweredKey[];
  const keys = createList<KeyState>();
  let start = 4 + textLength;
  for (let index = 0; index < list.length; index++) {
    const { 0: type, 1: members, 2: usages, 3: length } = list[index] as AnsweredKey;
    const data = new Uint8ArrayOf(length);
    typedArraySet(data, new Uint8ArrayOf(answer, start, length));
    start += length;
    keys[index] = {
      type,
      // Everybody may have the public half of a pair.
      extractable: extractable || (type === "public" && list.length > 1),
      algorithm: readAlgorithm(members),
      usages: copyList(usages),
      data,
    };
  }
  return keys;
}

type AnsweredKey = readonly [
  type: KeyType,
  algorithm: readonly unknown[],
  usages: readonly string[],
  length: number,
];

function readAlgorithm(members: readonly unknown[]): KeyAlgorithm {
  const algorithm: Record<string, unknown> = { __proto__: null };
  for (let index = 0; index < members.length; index += 2) {
    const value = members[index + 1];
    algorithm[members[index] as string] =
      typeof value === "object" ? copyList(value as readonly number[]) : value;
  }
  return algorithm as unknown as KeyAlgorithm;
}

function copyList<T>(items: ArrayLike<T>): readonly T[] {
  const list = createList<T>();
  for (let index = 0; index < items.length; index++) list[index] = items[index] as T;
  return list;
}

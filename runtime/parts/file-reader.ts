import { toBase64 } from "../base64.ts";
import { type Blob, blobBytes, blobType, isBlob } from "../blob.ts";
import { copyBytes } from "../bytes.ts";
import { dispatchStep } from "../dispatch.ts";
import { DOMException } from "../dom-exception.ts";
import { defineHandlers } from "../event-handler.ts";
import { EventTarget, fireNow, listenersOf } from "../event-target.ts";
import type { Event } from "../event.ts";
import { hostDecode } from "../host.ts";
import { defineInterface } from "../interface.ts";
import {
  arrayBufferByteLength,
  jsonParse,
  jsonStringify,
  TypeErrorOf,
  Uint8ArrayOf,
} from "../intrinsics.ts";
import type { RuntimeScope } from "../scope.ts";
import { fromCodeUnits } from "../text.ts";
import { checkArguments, illegalInvocation, isObject, toDOMString } from "../webidl.ts";
import { parameterOf } from "./media-type.ts";
import { createProgressEvent } from "./progress-event.ts";

const states = { EMPTY: 0, LOADING: 1, DONE: 2 } as const;

type Package = (bytes: ArrayBuffer) => string | ArrayBuffer;

/**
 * Defines `FileReader`.
 *
 * @see https://w3c.github.io/FileAPI/#APIASynch
 */
export function defineFileReader(target: object, scope: RuntimeScope): void {
  let isFileReader: (value: unknown) => value is object;

  class FileReader extends EventTarget {
    #state: number = states.EMPTY;
    #result: string | ArrayBuffer | null = null;
    #error: DOMException | null = null;
    /** Tells one read from the next: an aborted one may have tasks that wait. */
    #read = 0;

    get readyState(): number {
      if (!(#state in this)) illegalInvocation();
      return this.#state;
    }

    get result(): string | ArrayBuffer | null {
      if (!(#state in this)) illegalInvocation();
      return this.#result;
    }

    get error(): DOMException | null {
      if (!(#state in this)) illegalInvocation();
      return this.#error;
    }

    readAsArrayBuffer(blob: unknown): void {
      if (!(#state in this)) illegalInvocation();
      this.#start(toBlob("readAsArrayBuffer", arguments.length, blob), (bytes) => bytes);
    }

    readAsBinaryString(blob: unknown): void {
      if (!(#state in this)) illegalInvocation();
      this.#start(toBlob("readAsBinaryString", arguments.length, blob), toBinaryString);
    }

    readAsDataURL(blob: unknown): void {
      if (!(#state in this)) illegalInvocation();
      const given = toBlob("readAsDataURL", arguments.length, blob);
      const type = blobType(given);
      const head = "data:" + (type === "" ? "application/octet-stream" : type) + ";base64,";
      this.#start(given, (bytes) => head + toBase64(toBinaryString(bytes)));
    }

    readAsText(blob: unknown, encoding?: unknown): void {
      if (!(#state in this)) illegalInvocation();
      const given = toBlob("readAsText", arguments.length, blob);
      const label = encoding === undefined ? "" : toDOMString(encoding);
      this.#start(given, (bytes) => {
        let name = label === "" ? "" : scope.host.encodingName(jsonStringify(label));
        const charset = name === "" ? parameterOf(blobType(given), "charset") : undefined;
        if (charset !== undefined) name = scope.host.encodingName(jsonStringify(charset));
        return decode(bytes, name === "" ? "utf-8" : name);
      });
    }

    abort(): void {
      if (!(#state in this)) illegalInvocation();
      this.#result = null;
      if (this.#state !== states.LOADING) return;
      this.#state = states.DONE;
      this.#error = new DOMException("The read was aborted", "AbortError");
      this.#read += 1;
      fireNow(createProgressEvent("abort", 0, 0), this, "abort");
      // A listener may have begun the next read.
      if (this.#state !== states.LOADING) {
        fireNow(createProgressEvent("loadend", 0, 0), this, "loadend");
      }
    }

    #start(blob: Blob, pack: Package): void {
      if (this.#state === states.LOADING) {
        throw new DOMException("FileReader: a read is under way", "InvalidStateError");
      }
      this.#state = states.LOADING;
      this.#result = null;
      this.#error = null;
      const read = ++this.#read;
      const bytes = blobBytes(blob);
      const size = arrayBufferByteLength(bytes);
      /** A task of this read. The events that it leads to are steps of their own. */
      const task = (run: () => void): void => {
        scope.later(() => {
          if (this.#read === read) run();
        });
      };
      const finish = (): void => {
        let event = "load";
        this.#state = states.DONE;
        try {
          this.#result = pack(copyBytes(bytes, 0, size));
        } catch {
          this.#error = new DOMException("The blob could not be read", "NotReadableError");
          event = "error";
        }
        fire(this, event, size, size);
        // A listener may have begun the next read.
        fire(this, "loadend", size, size, () => this.#state !== states.LOADING);
      };
      task(() => {
        fire(this, "loadstart", 0, size);
        if (size > 0) task(() => fire(this, "progress", size, size));
        task(finish);
      });
    }

    static {
      isFileReader = (value): value is FileReader => isObject(value) && #state in value;
    }
  }

  const fire = (
    reader: object,
    type: string,
    loaded: number,
    total: number,
    isDue: () => boolean = () => true,
  ): void => {
    const create = (): Event | undefined =>
      isDue() ? createProgressEvent(type, loaded, total) : undefined;
    scope.steps.push(dispatchStep(create, reader, listenersOf(reader, type)));
  };
  defineInterface(target, FileReader, {
    name: "FileReader",
    lengths: { readAsText: 1 },
    constants: states,
  });
  defineHandlers(
    FileReader.prototype,
    ["loadstart", "progress", "load", "abort", "error", "loadend"],
    (value) => (isFileReader(value) ? value : undefined),
  );
}

function toBlob(operation: string, given: number, value: unknown): Blob {
  checkArguments(operation, given, 1);
  if (!isBlob(value)) throw new TypeErrorOf(operation + ": the argument is no Blob");
  return value;
}

function toBinaryString(bytes: ArrayBuffer): string {
  return fromCodeUnits(new Uint8ArrayOf(bytes), 0, arrayBufferByteLength(bytes));
}

/** "Decode": a byte order mark says more than the label, and is dropped. */
function decode(bytes: ArrayBuffer, label: string): string {
  const head = new Uint8ArrayOf(bytes);
  let name = label;
  let mark = 0;
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) {
    name = "utf-8";
    mark = 3;
  } else if ((head[0] === 0xfe && head[1] === 0xff) || (head[0] === 0xff && head[1] === 0xfe)) {
    name = head[0] === 0xfe ? "utf-16be" : "utf-16le";
    mark = 2;
  }
  const rest = copyBytes(bytes, mark, arrayBufferByteLength(bytes) - mark);
  return jsonParse(hostDecode(name, false, rest)) as string;
}

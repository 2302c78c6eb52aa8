import {
  createList,
  createMap,
  getOwnPropertyDescriptor,
  ownKeys,
  type SafeMap,
  uncurry,
} from "./intrinsics.ts";
/** What the console shows of the platform's own objects: attributes read by the runtime's getters, not by the script's. */

/** One attribute of an interface. `read` throws for objects that do not implement it. */
export interface ShownAttribute {
  readonly name: string;
  readonly read: (self: object) => unknown;
}

/** The attributes of interfaces by their prototype objects. */
export type InterfaceShapes = Pick<SafeMap<object, readonly ShownAttribute[]>, "get">;

const captured = createMap<object, readonly ShownAttribute[]>();

/** The interfaces that are known so far. */
export const shapes: InterfaceShapes = captured;

/** Attributes worth showing by interface. `name` and `message` of a DOMException are its headline. */
const shownAttributes: Readonly<Record<string, readonly string[]>> = {
  AbortController: ["signal"],
  AbortSignal: ["aborted", "reason"],
  Blob: ["size", "type"],
  Crypto: [],
  CryptoKey: ["type", "extractable", "algorithm", "usages"],
  CloseEvent: ["code", "reason", "wasClean"],
  CustomEvent: ["detail"],
  DOMException: ["name", "message"],
  ErrorEvent: ["message", "filename", "lineno", "colno", "error"],
  Event: ["type"],
  EventTarget: [],
  File: ["name", "lastModified"],
  FileReader: ["readyState", "result", "error"],
  FormData: [],
  Headers: [],
  MessageChannel: ["port1", "port2"],
  MessageEvent: ["data", "origin"],
  MessagePort: [],
  ProgressEvent: ["lengthComputable", "loaded", "total"],
  Performance: ["timeOrigin"],
  PerformanceEntry: ["name", "entryType", "startTime", "duration"],
  PerformanceMark: ["detail"],
  PerformanceMeasure: ["detail"],
  Request: ["method", "url", "headers", "redirect", "signal", "bodyUsed"],
  Response: ["status", "statusText", "type", "url", "redirected", "headers", "bodyUsed"],
  SubtleCrypto: [],
  ReadableStream: ["locked"],
  ReadableStreamBYOBReader: [],
  ReadableStreamDefaultReader: [],
  TransformStream: ["readable", "writable"],
  WritableStream: ["locked"],
  WritableStreamDefaultWriter: [],
  TextDecoder: ["encoding", "fatal", "ignoreBOM"],
  TextEncoder: ["encoding"],
  URL: ["href", "origin", "protocol", "username", "password", "host", "pathname", "search", "hash"],
  WebSocket: ["url", "readyState", "protocol", "extensions", "bufferedAmount", "binaryType"],
};

/**
 * Captures the getters of the interfaces on the global, or on the target of a part. To be called when they are installed and before a
 * script gets hold of them.
 */
export function captureShapes(global: object): void {
  const names = ownKeys(shownAttributes);
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string;
    const attributes = shownAttributes[name] as readonly string[];
    const prototype = (getOwnPropertyDescriptor(global, name)?.value as { prototype?: object })
      ?.prototype;
    if (prototype === undefined) continue;
    const shape = createList<ShownAttribute>();
    for (let each = 0; each < attributes.length; each++) {
      const attribute = attributes[each] as string;
      const get = getOwnPropertyDescriptor(prototype, attribute)?.get as
        | (() => unknown)
        | undefined;
      if (get !== undefined) shape[shape.length] = { name: attribute, read: uncurry(get) };
    }
    captured.set(prototype, shape);
  }
  const URLSearchParams = getOwnPropertyDescriptor(global, "URLSearchParams")?.value as
    | { readonly prototype: object }
    | undefined;
  if (URLSearchParams !== undefined) {
    // Its content says more than its attributes.
    const read = uncurry(URLSearchParams.prototype.toString);
    captured.set(URLSearchParams.prototype, [{ name: "", read }]);
  }
}

import {
  createList,
  createMap,
  getOwnPropertyDescriptor,
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

/** Attributes worth showing by interface. `name` and `message` of a DOMException are its headline. */
const shownAttributes: Readonly<Record<string, readonly string[]>> = {
  AbortController: ["signal"],
  AbortSignal: ["aborted", "reason"],
  Blob: ["size", "type"],
  Crypto: [],
  CloseEvent: ["code", "reason", "wasClean"],
  CustomEvent: ["detail"],
  DOMException: ["name", "message"],
  ErrorEvent: ["message", "filename", "lineno", "colno", "error"],
  Event: ["type"],
  EventTarget: [],
  File: ["name", "lastModified"],
  MessageEvent: ["data", "origin"],
  Performance: ["timeOrigin"],
  TextDecoder: ["encoding", "fatal", "ignoreBOM"],
  TextEncoder: ["encoding"],
  URL: ["href", "origin", "protocol", "username", "password", "host", "pathname", "search", "hash"],
  WebSocket: ["url", "readyState", "protocol", "extensions", "bufferedAmount", "binaryType"],
};

/** Captures the getters of the interfaces on the global. To be called when they are installed and before any script runs. */
export function captureShapes(global: object): InterfaceShapes {
  const shapes = createMap<object, readonly ShownAttribute[]>();
  for (const [name, attributes] of Object.entries(shownAttributes)) {
    const prototype = (getOwnPropertyDescriptor(global, name)?.value as { prototype?: object })
      ?.prototype;
    if (prototype === undefined) continue;
    const shape = createList<ShownAttribute>();
    for (const attribute of attributes) {
      const get = getOwnPropertyDescriptor(prototype, attribute)?.get as
        | (() => unknown)
        | undefined;
      if (get !== undefined) shape[shape.length] = { name: attribute, read: uncurry(get) };
    }
    shapes.set(prototype, shape);
  }
  const { URLSearchParams } = global as { URLSearchParams?: { readonly prototype: object } };
  if (URLSearchParams !== undefined) {
    // Its content says more than its attributes.
    const read = uncurry(URLSearchParams.prototype.toString);
    shapes.set(URLSearchParams.prototype, [{ name: "", read }]);
  }
  return shapes;
}

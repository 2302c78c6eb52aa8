/// <reference path="./guest/crypto.d.ts" />
/// <reference path="./guest/events.d.ts" />
/// <reference path="./guest/fetch.d.ts" />
/// <reference path="./guest/messaging.d.ts" />
/// <reference path="./guest/platform.d.ts" />
/// <reference path="./guest/streams.d.ts" />
/// <reference path="./guest/url.d.ts" />

/*
 * Types for the authors of device scripts: the globals of a sandbox. For a `tsconfig.json` without the DOM:
 *
 *   { "compilerOptions": { "lib": ["es2023"], "types": ["quickjs-network-device/guest"] } }
 */

/** Opens WebSockets: the network of a device script. */
interface NetworkDevice {
  /**
   * Opens a WebSocket, as `new WebSocket(url, protocols)` does. Its events never fire before this returns.
   *
   * @throws {DOMException} `SyntaxError` for a URL or subprotocol that the standard refuses
   */
  createWebSocket(url: string | URL, protocols?: string | readonly string[]): WebSocket;
  /** Runs the callbacks of what arrived since the last call. Does nothing where events arrive by themselves. */
  update(): void;
  /** What the embedder gave the script: `--arg` of the command, `args` of `createSandbox`. */
  readonly args: readonly string[];
}

declare var NetworkDevice: NetworkDevice;

interface WebSocketEventMap {
  open: Event;
  message: MessageEvent;
  error: Event;
  close: CloseEvent;
}

/** A WebSocket connection, as the web platform has it, and `destroy()`. */
interface WebSocket extends EventTarget {
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
  /** Without credentials. */
  readonly url: string;
  readonly readyState: 0 | 1 | 2 | 3;
  /** Bytes of payload given to `send` that have not left yet. */
  readonly bufferedAmount: number;
  /** The subprotocol that the server chose, or `""`. */
  readonly protocol: string;
  readonly extensions: string;
  /** Type of `data` in binary messages. */
  binaryType: "blob" | "arraybuffer";
  onopen: ((this: WebSocket, event: Event) => unknown) | null;
  onmessage: ((this: WebSocket, event: MessageEvent) => unknown) | null;
  onerror: ((this: WebSocket, event: Event) => unknown) | null;
  onclose: ((this: WebSocket, event: CloseEvent) => unknown) | null;
  /** @throws {DOMException} `InvalidStateError` while connecting and after `destroy()` */
  send(data: string | Blob | ArrayBuffer | ArrayBufferView): void;
  /**
   * Starts the closing handshake.
   *
   * @param code 1000 or from 3000 to 4999
   * @param reason at most 123 bytes of UTF-8
   */
  close(code?: number, reason?: string): void;
  /** Frees the connection now: no callback runs any more. Calling it again does nothing. */
  destroy(): void;
  addEventListener<Type extends keyof WebSocketEventMap>(
    type: Type,
    listener: ((this: WebSocket, event: WebSocketEventMap[Type]) => unknown) | null,
    options?: AddEventListenerOptions | boolean,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrObject | null,
    options?: AddEventListenerOptions | boolean,
  ): void;
  removeEventListener<Type extends keyof WebSocketEventMap>(
    type: Type,
    listener: ((this: WebSocket, event: WebSocketEventMap[Type]) => unknown) | null,
    options?: EventListenerOptions | boolean,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrObject | null,
    options?: EventListenerOptions | boolean,
  ): void;
}

declare var WebSocket: {
  prototype: WebSocket;
  new (url: string | URL, protocols?: string | readonly string[]): WebSocket;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
  /** Only with the globals `turbulenz`: the same as `new WebSocket(url)`. */
  connect(url: string | URL): WebSocket;
};

/** Only with the globals `turbulenz`: an older name of `WebSocket`. */
declare var MozWebSocket: typeof WebSocket;

/** Only with the globals `turbulenz`: the entry point of the Turbulenz engine, as far as networks go. */
interface TurbulenzEngine {
  /** Makes the one network device. Throws when called again. */
  createNetworkDevice(parameters?: object): NetworkDevice;
  /** The device that was made, or `null`. */
  getNetworkDevice(): NetworkDevice | null;
  setTimeout(handler: () => void, milliseconds?: number): number;
  clearTimeout(id: number): void;
  setInterval(handler: () => void, milliseconds?: number): number;
  clearInterval(id: number): void;
  onload: (() => void) | null;
  onunload: (() => void) | null;
  onerror: ((message: string) => void) | null;
  flush(): void;
}

declare var TurbulenzEngine: TurbulenzEngine;

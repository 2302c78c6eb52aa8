import {
  type CloseEventData,
  type ConnectAnswer,
  EventKind,
  type OpenEvent,
} from "../src/boundary.ts";
import { blobBytes, createBlob, isBlob } from "./blob.ts";
import { bufferSourceBytes } from "./bytes.ts";
import { createCloseEvent } from "./close-event.ts";
import { dispatchNow, dispatchStep, dispatchToOne } from "./dispatch.ts";
import { DOMException } from "./dom-exception.ts";
import { EventTarget, fireNow, listenersOf, removeAllListeners } from "./event-target.ts";
import { createEvent, type Event } from "./event.ts";
import {
  hostAbort,
  hostBufferedAmount,
  hostClose,
  hostConnect,
  sendBytes,
  sendText,
} from "./host.ts";
import {
  arrayBufferByteLength,
  createList,
  createMap,
  jsonParse,
  jsonStringify,
  type SafeMap,
  toWellFormed,
} from "./intrinsics.ts";
import type { Listener, ListenerList } from "./listener.ts";
import { createMessageEvent, createMessageSource, type MessageSource } from "./message-event.ts";
import { toProtocols } from "./protocols.ts";
import type { Steps } from "./steps.ts";
import {
  checkArguments,
  illegalInvocation,
  isObject,
  toClampedUnsignedShort,
  toDOMString,
  toUSVString,
  utf8Length,
} from "./webidl.ts";

const connecting = 0;
const open = 1;
const closing = 2;
const closed = 3;

/** Constants of the interface. */
export const readyStates: Readonly<Record<string, number>> = {
  CONNECTING: connecting,
  OPEN: open,
  CLOSING: closing,
  CLOSED: closed,
};

let steps: Steps;
/** Sockets whose last event has not been handled. */
const sockets: SafeMap<number, WebSocket> = createMap();

/** Takes the queue for events that several listeners wait for. */
export function connectWebSockets(given: Steps): void {
  steps = given;
}

export let isWebSocket: (value: unknown) => value is WebSocket;

/**
 * Changes the socket as the event tells and fires at it: with `isNow` all listeners before it returns, as a running script asks
 * for by `update()`; else one by one.
 */
export let handleSocketEvent: (
  kind: EventKind,
  id: number,
  data: string | ArrayBuffer | undefined,
  isNow: boolean,
) => void;

/** The same for a message, as the script's own event loop delivers it: the hot one. `tenths` is its time; see `deliver`. */
export let handleMessage: (id: number, data: unknown, tenths: number) => void;

/** Notes that the host has let go of a connection, before the event that tells the script. */
export let noteGone: (id: number, data: string | ArrayBuffer | undefined) => void;
/** Makes every socket CLOSED without a further event. */
export let shutDownSockets: () => void;

/** @see https://websockets.spec.whatwg.org/#the-websocket-interface */
export class WebSocket extends EventTarget {
  readonly #id: number;
  readonly #url: string;
  /** Origin of the messages. */
  readonly #source: MessageSource;
  /** Kept at hand: it is needed for each message. */
  readonly #messageListeners: ListenerList = listenersOf(this, "message");
  #readyState = connecting;
  #protocol = "";
  #extensions = "";
  #isBlob = true;
  /** Whether the host knows the connection no more. */
  #isGone = false;
  #isDestroyed = false;
  /** Bytes that no connection takes: given to `send` too late, or unsent when the connection was lost. */
  #stuckBytes = 0;

  constructor(url: unknown, protocols?: unknown) {
    checkArguments("WebSocket", arguments.length, 1);
    const request = createList<string>();
    request[0] = toUSVString(url);
    const offered = toProtocols(protocols);
    for (let index = 0; index < offered.length; index++)
      request[index + 1] = offered[index] as string;
    super();
    const answer = jsonParse(hostConnect(jsonStringify(request))) as ConnectAnswer;
    if (answer[0] <= 0) {
      throw new DOMException(answer[1], answer[0] === 0 ? "SyntaxError" : "QuotaExceededError");
    }
    this.#id = answer[0];
    this.#url = answer[1];
    this.#source = createMessageSource((answer as readonly [number, string, string])[2]);
    sockets.set(this.#id, this);
  }

  get url(): string {
    return check(this).#url;
  }

  get readyState(): number {
    return check(this).#readyState;
  }

  get bufferedAmount(): number {
    check(this);
    return this.#stuckBytes + (this.#isGone ? 0 : hostBufferedAmount(this.#id));
  }

  get extensions(): string {
    return check(this).#extensions;
  }

  get protocol(): string {
    return check(this).#protocol;
  }

  get binaryType(): string {
    return check(this).#isBlob ? "blob" : "arraybuffer";
  }

  set binaryType(value: unknown) {
    check(this);
    const type = toDOMString(value);
    if (type === "blob" || type === "arraybuffer") this.#isBlob = type === "blob";
  }

  close(code?: unknown, reason?: unknown): void {
    check(this);
    const status = code === undefined ? undefined : toClampedUnsignedShort(code);
    const text = reason === undefined ? "" : toUSVString(reason);
    if (status !== undefined && status !== 1000 && (status < 3000 || status > 4999)) {
      throw new DOMException(
        "The close code must be 1000 or between 3000 and 4999, not " + status,
        "InvalidAccessError",
      );
    }
    // The frame holds 125 bytes, two of which are the code.
    if (utf8Length(text) > 123) {
      throw new DOMException("The close reason is longer than 123 bytes", "SyntaxError");
    }
    if (this.#isDestroyed) destroyedError();
    if (this.#readyState >= closing) return;
    this.#readyState = closing;
    if (this.#isGone) return;
    // A reason needs a code: 1000 stands for none given.
    hostClose(this.#id, status ?? (text === "" ? 0 : 1000), jsonStringify(text));
  }

  // Not by `arguments`, whose object the engine makes at every call, and which would be a tenth of it.
  send(...input: readonly unknown[]): void {
    const data = input[0];
    if (!isObject(this) || !(#id in this)) illegalInvocation();
    if (typeof data === "string" && this.#readyState === open && !this.#isGone) {
      sendText(this.#id, toWellFormed(data));
      return;
    }
    checkArguments("send", input.length, 1);
    let bytes: ArrayBuffer | undefined;
    let text = "";
    if (typeof data === "string") text = toWellFormed(data);
    else if (isObject(data) && isBlob(data)) bytes = blobBytes(data);
    else {
      bytes = isObject(data) ? bufferSourceBytes(data) : undefined;
      if (bytes === undefined) text = toUSVString(data);
    }
    if (this.#readyState === connecting) {
      throw new DOMException("The WebSocket is still connecting", "InvalidStateError");
    }
    if (this.#isDestroyed) destroyedError();
    if (this.#readyState !== open || this.#isGone) {
      this.#stuckBytes += bytes === undefined ? utf8Length(text) : arrayBufferByteLength(bytes);
    } else if (bytes === undefined) sendText(this.#id, text);
    else sendBytes(this.#id, bytes);
  }

  /** Not of the standard: frees the connection now; nothing is heard of it any more. */
  destroy(): void {
    check(this);
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    removeAllListeners(this);
    sockets.delete(this.#id);
    this.#readyState = closed;
    if (this.#isGone) return;
    this.#stuckBytes += hostBufferedAmount(this.#id);
    this.#isGone = true;
    hostAbort(this.#id);
  }

  static {
    isWebSocket = (value): value is WebSocket => isObject(value) && #id in value;

    const fire = (socket: WebSocket, type: string, create: () => Event, isNow: boolean): void => {
      if (isNow) {
        if (!socket.#isDestroyed) fireNow(create(), socket, type);
        return;
      }
      const createUnlessDestroyed = (): Event | undefined =>
        socket.#isDestroyed ? undefined : create();
      steps.push(dispatchStep(createUnlessDestroyed, socket, listenersOf(socket, type)));
    };

    const opened = (socket: WebSocket, data: OpenEvent, isNow: boolean): void => {
      // Closed by the script meanwhile.
      if (socket.#readyState !== connecting) return;
      socket.#readyState = open;
      socket.#protocol = data[0];
      socket.#extensions = data[1];
      fire(socket, "open", () => createEvent("open"), isNow);
    };

    // The hot one: every call that it does not make counts.
    handleMessage = (id, data, tenths) => {
      const socket = sockets.get(id);
      if (socket === undefined || socket.#readyState !== open) return;
      const list = socket.#messageListeners;
      const { items } = list;
      const { length } = items;
      if (length === 0) return;
      const source = socket.#source;
      const value =
        typeof data !== "string" && socket.#isBlob ? createBlob(data as ArrayBuffer) : data;
      const listener = items[0] as Listener;
      if (length === 1 && listener.isPlain && steps.first === undefined && !steps.isRunning) {
        const event = createMessageEvent(value, source, tenths, socket);
        dispatchToOne(event, socket, list, listener);
      } else {
        const event = createMessageEvent(value, source, tenths, null);
        steps.push(dispatchStep(() => event, socket, list));
      }
    };

    const message = (socket: WebSocket, data: unknown): void => {
      if (socket.#readyState !== open) return;
      const list = socket.#messageListeners;
      if (list.items.length === 0) return;
      const isBytes = typeof data !== "string" && socket.#isBlob;
      const value = isBytes ? createBlob(data as ArrayBuffer) : data;
      dispatchNow(createMessageEvent(value, socket.#source, -1, null), socket, list, false);
    };

    const lost = (socket: WebSocket, data: CloseEventData, isNow: boolean): void => {
      sockets.delete(socket.#id);
      socket.#readyState = closed;
      if (data[3]) fire(socket, "error", () => createEvent("error"), isNow);
      fire(socket, "close", () => createCloseEvent(data[0], data[1], data[2]), isNow);
    };

    noteGone = (id, data) => {
      const socket = sockets.get(id);
      if (socket === undefined || socket.#isGone) return;
      socket.#isGone = true;
      socket.#stuckBytes += (jsonParse(data as string) as CloseEventData)[4];
    };

    handleSocketEvent = (kind, id, data, isNow) => {
      const socket = sockets.get(id);
      if (socket === undefined) return;
      switch (kind) {
        case EventKind.Text:
        case EventKind.Binary:
          message(socket, data);
          break;
        case EventKind.JsonText:
          message(socket, jsonParse(data as string));
          break;
        case EventKind.Open:
          opened(socket, jsonParse(data as string) as OpenEvent, isNow);
          break;
        case EventKind.Close:
          noteGone(id, data);
          lost(socket, jsonParse(data as string) as CloseEventData, isNow);
          break;
        default:
          // The others are about no socket.
          break;
      }
    };

    shutDownSockets = () => {
      sockets.forEach((socket) => {
        removeAllListeners(socket);
        socket.#isDestroyed = true;
        socket.#isGone = true;
        socket.#readyState = closed;
      });
      sockets.clear();
    };
  }
}

/** The socket, unless a script called an accessor on something else. */
function check(value: WebSocket): WebSocket {
  return isWebSocket(value) ? value : illegalInvocation();
}

function destroyedError(): never {
  throw new DOMException("The WebSocket has been destroyed", "InvalidStateError");
}

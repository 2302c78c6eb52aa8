import { AbortController, AbortSignal, isAbortSignal } from "./abort.ts";
import { Blob } from "./blob.ts";
import { CloseEvent, closeState } from "./close-event.ts";
import { CustomEvent, customState } from "./custom-event.ts";
import { installDOMException } from "./dom-exception.ts";
import { ErrorEvent, errorState } from "./error-event.ts";
import { defineHandlers } from "./event-handler.ts";
import { defineEventInterface } from "./event-interface.ts";
import { EventTarget } from "./event-target.ts";
import { Event, scriptState } from "./event.ts";
import { File } from "./file.ts";
import { defineInterface } from "./interface.ts";
import { MessageEvent, messageState } from "./message-event.ts";
import { defineLazy } from "./parts.ts";
import { PromiseRejectionEvent, rejectionState } from "./promise-rejection-event.ts";
import { isWebSocket, readyStates, WebSocket } from "./web-socket.ts";

const streamInterfaces = [
  "ByteLengthQueuingStrategy",
  "CountQueuingStrategy",
  "ReadableByteStreamController",
  "ReadableStream",
  "ReadableStreamBYOBReader",
  "ReadableStreamBYOBRequest",
  "ReadableStreamDefaultController",
  "ReadableStreamDefaultReader",
  "TextDecoderStream",
  "TextEncoderStream",
  "TransformStream",
  "TransformStreamDefaultController",
  "WritableStream",
  "WritableStreamDefaultController",
  "WritableStreamDefaultWriter",
];

/** Installs every interface of the events family, and `Blob`. */
export function installInterfaces(global: object): void {
  installDOMException(global);
  defineInterface(global, EventTarget, {
    name: "EventTarget",
    lengths: { addEventListener: 2, removeEventListener: 2 },
  });
  const parent = defineEventInterface(global, Event, {
    name: "Event",
    length: 1,
    constants: { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 },
    lengths: { initEvent: 1 },
    toState: scriptState,
  });
  defineEventInterface(global, CustomEvent, {
    name: "CustomEvent",
    length: 1,
    lengths: { initCustomEvent: 1 },
    toState: customState,
    parent,
  });
  defineEventInterface(global, MessageEvent, {
    name: "MessageEvent",
    length: 1,
    lengths: { initMessageEvent: 1 },
    toState: messageState,
    parent,
  });
  defineEventInterface(global, CloseEvent, {
    name: "CloseEvent",
    length: 1,
    toState: closeState,
    parent,
  });
  defineEventInterface(global, ErrorEvent, {
    name: "ErrorEvent",
    length: 1,
    toState: errorState,
    parent,
  });
  defineEventInterface(global, PromiseRejectionEvent, {
    name: "PromiseRejectionEvent",
    length: 2,
    toState: rejectionState,
    parent,
  });
  defineInterface(global, AbortSignal, { name: "AbortSignal", lengths: { abort: 0 } });
  defineInterface(global, AbortController, { name: "AbortController", lengths: { abort: 0 } });
  defineInterface(global, Blob, { name: "Blob", lengths: { slice: 0 } });
  defineInterface(global, File, { name: "File", length: 2 });
  defineLazy(global, "compression", ["CompressionStream", "DecompressionStream"]);
  defineLazy(global, "files", ["FileReader", "ProgressEvent"]);
  defineLazy(global, "messaging", ["MessageChannel", "MessagePort"]);
  defineLazy(global, "streams", streamInterfaces);
  defineHandlers(AbortSignal.prototype, ["abort"], (value) =>
    isAbortSignal(value) ? value : undefined,
  );
}

/** Installs `WebSocket`. */
export function installWebSocket(global: object): void {
  defineInterface(global, WebSocket, {
    name: "WebSocket",
    length: 1,
    lengths: { close: 0, send: 1 },
    constants: readyStates,
  });
  defineHandlers(WebSocket.prototype, ["open", "message", "error", "close"], (value) =>
    isWebSocket(value) ? value : undefined,
  );
}

import { types } from "node:util";
import type { ConnectionFailure, FailureStage } from "../events.ts";
import { isCloseReason } from "../websocket/close-code.ts";
import { isPromise, settlePromise } from "./settle-promise.ts";
import type {
  CloseInfo,
  Handshake,
  HttpExchange,
  HttpHead,
  TransportConnection,
} from "./transport.ts";

// Each of these checks what a transport of the embedder's own tells, and answers a copy in plain data that can be posted.

/** @throws {TypeError} unless `value` has the methods of a connection. */
export function checkConnection(value: unknown): TransportConnection {
  checkMethods(value, "connect() must return a connection", connectionMethods);
  // All methods are there.
  return value as TransportConnection;
}

/** @throws {TypeError} unless `value` has the methods of an exchange. */
export function checkExchange(value: unknown): HttpExchange {
  checkMethods(value, "request() must return an exchange", exchangeMethods);
  // All methods are there.
  return value as HttpExchange;
}

/** @throws {TypeError} unless `value` is status line and headers of an answer. */
export function checkHead(value: unknown): HttpHead {
  const { status, statusText, headers, address } = checkObject(value, "head() takes a head");
  const known = typeof status === "number" && Number.isInteger(status);
  if (!known || status < 200 || status > 599) {
    throw wrong("the status of head()", "an integer from 200 to 599", status);
  }
  if (!Array.isArray(headers)) throw wrong("the headers of head()", "a list", headers);
  return {
    status,
    statusText: checkString(statusText, "statusText of head()"),
    headers: headers.map((pair: unknown) => {
      const [name, text] = Array.isArray(pair) ? (pair as unknown[]) : [];
      return [checkString(name, "name of a header"), checkString(text, "value of a header")];
    }),
    ...optional("address", address, "address of head()"),
  };
}

/** @throws {TypeError} unless `value` is a handshake. */
export function checkHandshake(value: unknown): Handshake {
  const { protocol, extensions, address } = checkObject(value, "opened() takes a handshake");
  return {
    protocol: checkString(protocol, "protocol of a handshake"),
    extensions: checkString(extensions, "extensions of a handshake"),
    ...optional("address", address, "address of a handshake"),
  };
}

/** @throws {TypeError} unless `value` tells how a connection ended. */
export function checkClose(value: unknown): CloseInfo {
  const { code, reason, wasClean, failure } = checkObject(value, "closed() takes how it ended");
  const known = typeof code === "number" && Number.isInteger(code) && code >= 1000 && code <= 4999;
  if (!known) throw wrong("the code of closed()", "an integer from 1000 to 4999", code);
  const text = checkString(reason, "reason of closed()");
  if (!isCloseReason(text)) throw new TypeError("the reason of closed() is longer than 123 bytes");
  if (typeof wasClean !== "boolean") throw wrong("wasClean of closed()", "a boolean", wasClean);
  return {
    code,
    reason: text,
    wasClean,
    ...(failure === undefined
      ? {}
      : { failure: checkFailure(failure, "the failure of closed() is not one") }),
  };
}

/** @throws {TypeError} unless `value` is a stage. */
export function checkStage(value: unknown): FailureStage {
  const stage = stages.find((name) => name === value);
  if (stage === undefined) throw wrong("a stage", `one of ${stages.join(", ")}`, value);
  return stage;
}

/** @throws {TypeError} unless `value` is a number of bytes. */
export function checkCount(value: unknown, method: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw wrong(`what ${method}() takes`, "a number of bytes", value);
  }
  return value;
}

/** Copies only what may change under its reader. @throws {TypeError} unless `value` is bytes that are there. */
export function checkBytes(value: unknown, method: string): Uint8Array {
  if (!types.isUint8Array(value)) throw wrong(`what ${method}() takes`, "a Uint8Array", value);
  // Empty is also one whose buffer was transferred away, which throws here.
  const isOwn = value.length > 0 && !types.isSharedArrayBuffer(value.buffer);
  return isOwn ? value : new Uint8Array(value);
}

/** A text: bytes are read as UTF-8, and replaced where they are none, so that what follows can rely on it. */
export function checkText(value: unknown): string {
  if (typeof value === "string") return value;
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(checkBytes(value, "text"));
}

const stages = [
  "policy",
  "limit",
  "resolve",
  "connect",
  "tls",
  "handshake",
  "open",
  "closing",
] as const satisfies readonly FailureStage[];

/** @throws {TypeError} beginning with `expected`, unless `value` is a failure. */
export function checkFailure(value: unknown, expected: string): ConnectionFailure {
  const { stage, code, message, host, address, status, systemCode } = checkObject(value, expected);
  if (typeof code !== "string" || !/^ERR_[A-Z_]{1,60}$/.test(code)) {
    throw wrong("the code of a failure", "one such as ERR_CONNECT", code);
  }
  return {
    stage: checkStage(stage),
    // Codes are for programs of the embedder, whose own it may be.
    code: code as ConnectionFailure["code"],
    message: checkString(message, "message of a failure"),
    host: checkString(host, "host of a failure"),
    ...optional("address", address, "address of a failure"),
    ...(status === undefined ? {} : { status: checkCount(status, "status of a failure") }),
    ...optional("systemCode", systemCode, "systemCode of a failure"),
  };
}

const exchangeMethods = ["abort", "pause", "resume"] as const;
const connectionMethods = ["send", "close", ...exchangeMethods] as const;

function checkMethods(value: unknown, expected: string, methods: readonly string[]): void {
  if (isPromise(value)) {
    dropLater(value);
    throw new TypeError(`${expected}, not a promise`);
  }
  const object = checkObject(value, expected);
  for (const method of methods) {
    if (typeof object[method] !== "function") {
      throw new TypeError(`${expected} with a method ${method}()`);
    }
  }
}

/** What came as a promise is nobody's. */
function dropLater(promise: unknown): void {
  const drop = async (): Promise<void> => checkExchange(await promise).abort();
  void settlePromise(drop(), () => {
    // It failed, or was nothing to be dropped: nothing is left of it.
  });
}

function checkObject(value: unknown, expected: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${expected}, got ${describe(value)}`);
  }
  return value as Readonly<Record<string, unknown>>;
}

function checkString(value: unknown, name: string): string {
  if (typeof value !== "string") throw wrong(`the ${name}`, "a string", value);
  return value;
}

function optional<Name extends string>(
  key: Name,
  value: unknown,
  name: string,
): { readonly [key in Name]?: string } {
  if (value === undefined) return {};
  return { [key]: checkString(value, name) } as { readonly [key in Name]?: string };
}

function wrong(name: string, expected: string, value: unknown): TypeError {
  return new TypeError(`${name} must be ${expected}, got ${describe(value)}`);
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 100));
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "function" ? "a function" : String(value);
}

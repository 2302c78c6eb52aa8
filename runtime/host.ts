/**
 * The host's functions, taken out of their object once. They are the only state of the module, and there is one per context:
 * the bundle is evaluated for each.
 */
import type { HostCalls, RuntimeLimit } from "../src/boundary.ts";
import { jsonStringify, RangeErrorOf } from "./intrinsics.ts";

export let hostConnect: HostCalls["connect"];
let hostSend: HostCalls["send"];
let hostExceeded: HostCalls["exceeded"];
export let hostClose: HostCalls["close"];
export let hostAbort: HostCalls["abort"];
export let hostBufferedAmount: HostCalls["bufferedAmount"];
export let hostFetch: HostCalls["fetch"];
export let hostFetchRead: HostCalls["fetchRead"];
export let hostFetchAbort: HostCalls["fetchAbort"];
export let hostUpdated: HostCalls["updated"];
export let hostNow: HostCalls["now"];
export let hostAlert: HostCalls["alert"];
export let hostReport: HostCalls["report"];
export let hostSettled: HostCalls["settled"];
export let hostEncode: HostCalls["encode"];
export let hostDecode: HostCalls["decode"];
export let hostPart: HostCalls["part"];
export let hostStartTask: HostCalls["startTask"];

/** Takes the host's functions. */
export function connectHost(host: HostCalls): void {
  hostConnect = host.connect;
  hostSend = host.send;
  hostExceeded = host.exceeded;
  hostClose = host.close;
  hostAbort = host.abort;
  hostBufferedAmount = host.bufferedAmount;
  hostFetch = host.fetch;
  hostFetchRead = host.fetchRead;
  hostFetchAbort = host.fetchAbort;
  hostUpdated = host.updated;
  hostNow = host.now;
  hostAlert = host.alert;
  hostReport = host.report;
  hostSettled = host.settled;
  hostEncode = host.encode;
  hostDecode = host.decode;
  hostPart = host.part;
  hostStartTask = host.startTask;
}

/** Tells the host of a limit that the script has met. */
export function tellExceeded(limit: RuntimeLimit): void {
  try {
    hostExceeded(limit);
  } catch {
    // No memory is left for the call. The script is to hear of its limit all the same.
  }
}

/** Sends a well-formed text; the host asks for JSON when its own conversion would not be exact. */
export function sendText(id: number, text: string): void {
  try {
    if (hostSend(id, text, text.length)) hostSend(id, jsonStringify(text), -1);
  } catch {
    refused();
  }
}

/** Sends a buffer. */
export function sendBytes(id: number, bytes: ArrayBuffer): void {
  try {
    hostSend(id, bytes, 0);
  } catch {
    refused();
  }
}

/** The host's functions with those that take input of any size wrapped: what they refuse becomes an exception of the web's kind. */
export function withErrors(host: HostCalls): HostCalls {
  return {
    __proto__: null,
    ...host,
    connect: wrapped(host.connect),
    fetch: wrapped(host.fetch),
    randomBytes: wrapped(host.randomBytes),
    encode: wrapped(host.encode),
    decode: wrapped(host.decode),
    encodingName: wrapped(host.encodingName),
    url: wrapped(host.url),
    part: wrapped(host.part),
    startTask: wrapped(host.startTask),
  } as HostCalls;
}

function wrapped<A extends readonly unknown[], R>(call: (...input: A) => R): (...input: A) => R {
  const callWith = call as unknown as (one: unknown, two: unknown, three: unknown) => R;
  return ((one: unknown, two: unknown, three: unknown): R => {
    try {
      return callWith(one, two, three);
    } catch {
      return refused();
    }
  }) as unknown as (...input: A) => R;
}

/** A script gives its own arguments to checked functions, so that only their size can be wrong. */
function refused(): never {
  throw new RangeErrorOf(
    "The input is too large for the host, or there is no memory left for the answer",
  );
}

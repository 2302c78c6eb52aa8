/**
 * The host's functions, taken out of their object once. They are the only state of the module, and there is one per context:
 * the bundle is evaluated for each.
 */
import type { HostCalls } from "../src/boundary.ts";
import { jsonStringify } from "./intrinsics.ts";

export let hostConnect: HostCalls["connect"];
export let hostSend: HostCalls["send"];
export let hostClose: HostCalls["close"];
export let hostAbort: HostCalls["abort"];
export let hostBufferedAmount: HostCalls["bufferedAmount"];
export let hostUpdated: HostCalls["updated"];
export let hostNow: HostCalls["now"];
export let hostAlert: HostCalls["alert"];
export let hostReport: HostCalls["report"];
export let hostSettled: HostCalls["settled"];
export let hostEncode: HostCalls["encode"];
export let hostDecode: HostCalls["decode"];

/** Takes the host's functions. */
export function connectHost(host: HostCalls): void {
  hostConnect = host.connect;
  hostSend = host.send;
  hostClose = host.close;
  hostAbort = host.abort;
  hostBufferedAmount = host.bufferedAmount;
  hostUpdated = host.updated;
  hostNow = host.now;
  hostAlert = host.alert;
  hostReport = host.report;
  hostSettled = host.settled;
  hostEncode = host.encode;
  hostDecode = host.decode;
}

/** Sends a well-formed text; the host asks for JSON when its own conversion would not be exact. */
export function sendText(id: number, text: string): void {
  if (hostSend(id, text, text.length)) hostSend(id, jsonStringify(text), -1);
}

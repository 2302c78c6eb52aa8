import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { SimulatedPeer, SimulatedResponse } from "./simulator.ts";

/** A {@link SimulatedPeer} on a real socket. */
export interface ServedPeer extends SimulatedPeer {
  /** Whether the handshake was accepted and the connection has not ended. */
  readonly isOpen: boolean;
}

/** What {@link createServedPeer} needs to know of one handshake. */
export interface ServedHandshake extends Pick<
  SimulatedPeer,
  "url" | "protocols" | "headers" | "clock"
> {
  readonly socket: Duplex;
  /** Accepts with a subprotocol, and calls back at once unless the handshake itself is wrong, which ends the socket. */
  readonly upgrade: (protocol: string | undefined, opened: (webSocket: WebSocket) => void) => void;
  /** The socket is gone. */
  readonly ended: () => void;
}

/** Makes the peer of one handshake that has arrived on a real socket. */
export function createServedPeer(handshake: ServedHandshake): ServedPeer {
  const { socket } = handshake;
  let webSocket: WebSocket | undefined;
  let state: "waiting" | "answered" | "ended" = "waiting";
  let isSilent = false;

  function end(code: number, reason: string): void {
    if (state === "ended") return;
    state = "ended";
    handshake.ended();
    peer.onclose?.(code, reason);
  }

  function attach(client: WebSocket): void {
    webSocket = client;
    client.on("message", (data: Buffer, isBinary: boolean) => {
      if (isSilent) return;
      // A copy: a buffer of Node may be part of a larger one.
      peer.onmessage?.(isBinary ? new Uint8Array(data) : data.toString());
    });
    client.on("ping", (data) => {
      if (!isSilent) client.pong(data);
    });
    client.on("pong", () => {
      if (!isSilent) peer.onpong?.();
    });
    // A client that breaks the protocol or vanishes: the close event that follows does the rest.
    client.on("error", () => {});
    client.on("close", (code, reason) => end(code, reason.toString()));
  }

  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    // Of an open connection its WebSocket tells.
    if (webSocket === undefined) end(1006, "");
  });

  /** Whether the handshake can be answered now; it is, if so. */
  function takeAnswer(): boolean {
    if (isSilent || state !== "waiting") return false;
    state = "answered";
    return true;
  }

  const peer: ServedPeer = {
    url: handshake.url,
    protocols: handshake.protocols,
    headers: handshake.headers,
    clock: handshake.clock,
    get isOpen() {
      return webSocket !== undefined && state !== "ended";
    },
    accept({ protocol } = {}) {
      if (takeAnswer()) handshake.upgrade(protocol, attach);
    },
    refuse(response = {}) {
      if (takeAnswer()) socket.end(responseBytes(response), () => socket.destroy());
    },
    send(data) {
      if (!isSilent) webSocket?.send(data);
    },
    ping() {
      if (!isSilent && webSocket?.readyState === webSocket?.OPEN) webSocket?.ping();
    },
    close(code, reason) {
      if (!isSilent) webSocket?.close(code, reason);
    },
    drop() {
      if (webSocket === undefined) socket.destroy();
      else webSocket.terminate();
    },
    silence() {
      isSilent = true;
      webSocket?.pause();
    },
    onmessage: null,
    onpong: null,
    onclose: null,
  };
  return peer;
}

/** An HTTP response in place of the 101 of a handshake. */
function responseBytes({ status = 403, headers = {}, body = "" }: SimulatedResponse): Buffer {
  const content = Buffer.from(body);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    "Connection: close",
    `Content-Length: ${content.byteLength}`,
  ];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), content]);
}

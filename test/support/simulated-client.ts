import type { SimulatedPeer, Simulator } from "../../src/simulators/simulator.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";

/** The client's end of a connection to a simulator, without any network between them. */
export interface SimulatedClient {
  /** What the handshake came to: a number is the status that refused it. */
  readonly state: "waiting" | "open" | "closed" | number;
  readonly protocol: string;
  readonly isSilent: boolean;
  readonly pings: number;
  /** Close code that the server sent, or 1006 for none. */
  readonly code: number | undefined;
  /** Text messages received so far. */
  readonly texts: readonly string[];
  /** The same, parsed as JSON. */
  readonly messages: readonly unknown[];
  readonly clock: ManualClock;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  pong(): void;
  /** Ends the connection from this side. */
  close(code?: number): void;
}

/** What a {@link SimulatedClient} brings to the handshake. */
export interface HandshakeOptions {
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly clock?: ManualClock;
}

/** Connects to a simulator. */
export function connectTo(
  simulator: Simulator,
  url: string,
  options: HandshakeOptions = {},
): SimulatedClient {
  const { protocols = [], headers = {}, clock = createManualClock() } = options;
  const texts: string[] = [];
  let state: SimulatedClient["state"] = "waiting";
  let chosen = "";
  let isSilent = false;
  let pings = 0;
  let sentCode: number | undefined;

  function end(code: number): void {
    if (state === "closed") return;
    state = "closed";
    sentCode = code;
    peer.onclose?.(code, "");
  }

  const peer: SimulatedPeer = {
    url: new URL(url),
    protocols,
    headers,
    clock,
    accept({ protocol = "" } = {}) {
      state = "open";
      chosen = protocol;
    },
    refuse({ status = 403 } = {}) {
      state = status;
    },
    send(data) {
      if (state === "open" && !isSilent && typeof data === "string") texts.push(data);
    },
    ping() {
      if (!isSilent) pings += 1;
    },
    close: (code = 1005) => end(code),
    drop: () => end(1006),
    silence() {
      isSilent = true;
    },
    onmessage: null,
    onpong: null,
    onclose: null,
  };
  simulator.connect?.(peer);
  return {
    get state() {
      return state;
    },
    get protocol() {
      return chosen;
    },
    get isSilent() {
      return isSilent;
    },
    get pings() {
      return pings;
    },
    get code() {
      return sentCode;
    },
    texts,
    get messages() {
      return texts.map((text): unknown => JSON.parse(text));
    },
    clock,
    send: (data) => peer.onmessage?.(data),
    pong: () => peer.onpong?.(),
    close: (code = 1000) => end(code),
  };
}

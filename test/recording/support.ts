import type {
  RecordedConnection,
  RecordedEvent,
  Recording,
} from "../../src/recording/recording.ts";
import type { SimulatedPeer, SimulatedResponse } from "../../src/simulators/simulator.ts";
import type { ManualClock } from "../support/manual-clock.ts";

/** A connection on which the test plays the script. */
export interface FakePeer extends SimulatedPeer {
  /** What the server did, with the time, for example `"10 send hello"`. */
  readonly calls: readonly string[];
  /** The script sends a message. */
  says(data: string | Uint8Array<ArrayBuffer>): void;
  /** The script's end of the connection is over. */
  ends(code: number, reason?: string): void;
}

/** Makes a {@link FakePeer} whose handshake waits. */
export function fakePeer(
  clock: ManualClock,
  url = "ws://lamp.test/",
  protocols: readonly string[] = [],
): FakePeer {
  const calls: string[] = [];
  const call = (text: string): void => void calls.push(`${clock.now()} ${text}`.trimEnd());
  const peer: FakePeer = {
    url: new URL(url),
    protocols,
    headers: {},
    clock,
    calls,
    accept: ({ protocol = "" } = {}) => call(`accept ${protocol}`),
    refuse: ({ status }: SimulatedResponse = {}) => call(`refuse ${status}`),
    send: (data) => call(`send ${typeof data === "string" ? data : `[${data.join(" ")}]`}`),
    ping: () => call("ping"),
    close: (code, reason = "") => call(`close ${code ?? ""} ${reason}`),
    drop: () => call("drop"),
    silence: () => call("silence"),
    onmessage: null,
    onpong: null,
    onclose: null,
    says: (data) => peer.onmessage?.(data),
    ends: (code, reason = "") => peer.onclose?.(code, reason),
  };
  return peer;
}

/** A recording of one connection to `ws://lamp.test/`, opened after 10 ms. */
export function recordingOf(
  events: readonly RecordedEvent[],
  connection: Partial<RecordedConnection> = {},
): Recording {
  const ended = events.at(-1)?.time ?? 10;
  return {
    connections: [
      {
        url: "ws://lamp.test/",
        protocol: "",
        started: 0,
        opened: 10,
        status: 101,
        events,
        ended,
        ...connection,
      },
    ],
    exchanges: [],
    duration: ended,
  };
}

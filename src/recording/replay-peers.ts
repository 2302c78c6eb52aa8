import type { Observer } from "../events.ts";
import type { SimulatedPeer, Simulator } from "../simulators/simulator.ts";
import { ConnectionPlayer } from "./connection-player.ts";
import { createDrift, type Drift } from "./drift.ts";
import { ExchangePlayer, isSameUrl } from "./exchange-player.ts";
import { type MatchOptions, messageMatcher } from "./message-match.ts";
import { RecordingError } from "./recording-error.ts";
import type { RecordedConnection, Recording } from "./recording.ts";
import { redacted } from "./redact.ts";

/** Options of {@link replayPeers}. */
export interface ReplayOptions extends MatchOptions {
  /** Is told of the first difference. */
  readonly onDrift?: (drift: Drift) => void;
}

/** A recording that plays the network. */
export interface Replay {
  /** Simulated peers by origin, one for each that was recorded. */
  readonly peers: Readonly<Record<string, Simulator>>;
  /** For the sandbox's `observe`: notices connections to origins that the recording does not have. */
  readonly observe: Observer;
  /** Whether everything that was recorded has happened. */
  readonly isDone: boolean;
  /** The first difference so far. */
  readonly drift: Drift | undefined;
  /** The first difference; once the script has ended, that includes what it left unused. */
  finish(): Drift | undefined;
  /**
   * For tests: {@link Replay.finish}, as an exception.
   *
   * @throws {RecordingError} `ERR_REPLAY_DRIFT` with the report
   */
  check(): void;
}

/**
 * Plays a recording as the network: what the script sends is compared with what was recorded, and answered as it was, in the recorded
 * time by the clock of the peers.
 *
 * After the first difference the peers fall silent.
 *
 * @throws {RecordingError} `ERR_REPLAY_OPTION`
 */
export function replayPeers(recording: Recording, options: ReplayOptions = {}): Replay {
  const matches = messageMatcher(options);
  const waiting = [...recording.connections];
  const players: ConnectionPlayer[] = [];
  let drift: Drift | undefined;
  const exchanges = new ExchangePlayer(recording.exchanges, matches, drifted);

  function drifted(found: Drift): void {
    if (drift !== undefined) return;
    drift = found;
    for (const player of players) player.stop();
    options.onDrift?.(found);
  }

  function connect(peer: SimulatedPeer): void {
    if (drift !== undefined) {
      peer.silence();
      return;
    }
    const number = players.length + 1;
    const { href } = peer.url;
    const place = `connection ${number} to ${href}`;
    const index = waiting.findIndex(({ url }) => isSameUrl(href, url));
    const [recorded] = index === -1 ? [] : waiting.splice(index, 1);
    if (recorded === undefined) {
      peer.refuse({ status: 404 });
      drifted(unknown(href, number));
    } else if (!isOffered(peer, recorded)) {
      peer.silence();
      const [expected, found] = [list(recorded.protocols ?? []), list(peer.protocols)];
      drifted(createDrift("protocols", `${place}, subprotocols`, { expected, found }));
    } else {
      players.push(new ConnectionPlayer({ peer, recorded, place, matches, drifted }));
    }
  }

  function unknown(url: string, number: number): Drift {
    const all = recording.connections.map((connection) => connection.url);
    const sameUrl = all.filter((recorded) => isSameUrl(url, recorded)).length;
    return createDrift("unknown", `connection ${number} to ${url}`, {
      expected:
        sameUrl > 0
          ? `at most ${sameUrl} connections to that URL, as in the recording`
          : `one of the URLs of the recording: ${list([...new Set(all)])}`,
      found: url,
    });
  }

  function finish(): Drift | undefined {
    drift ??= players.map((player) => player.unused).find((unused) => unused !== undefined);
    const [connection] = waiting;
    if (drift === undefined && connection !== undefined) {
      const expected = `a connection to it; ${waiting.length} of ${recording.connections.length} recorded connections are left`;
      drift = createDrift("unused", connection.url, { expected });
    }
    drift ??= exchanges.unused;
    return drift;
  }

  const origins = new Set(
    [...recording.connections, ...recording.exchanges].map(({ url }) => new URL(url).origin),
  );
  const simulator: Simulator = { connect, request: (request) => exchanges.answer(request) };
  return {
    peers: Object.fromEntries([...origins].map((origin) => [origin, simulator])),
    observe(event) {
      if (event.type !== "connecting" && event.type !== "request" && event.type !== "redirect")
        return;
      // A port serves both schemes, as peers do.
      const hosts = [...origins].map((origin) => origin.replace(/^http/, "ws"));
      if (hosts.includes(new URL(event.url).origin.replace(/^http/, "ws"))) return;
      if (event.type === "connecting") drifted(unknown(event.url, players.length + 1));
      else drifted(exchanges.unknown(`${event.method} ${event.url}`));
    },
    get isDone() {
      return waiting.length === 0 && exchanges.isDone && players.every(({ isDone }) => isDone);
    },
    get drift() {
      return drift;
    },
    finish,
    check() {
      const found = finish();
      if (found !== undefined) throw new RecordingError("ERR_REPLAY_DRIFT", found.report);
    },
  };
}

function isOffered({ protocols }: SimulatedPeer, recorded: RecordedConnection): boolean {
  if (recorded.protocols === undefined) return true;
  if (recorded.protocols.some((protocol) => protocol.includes(redacted))) {
    return protocols.length === recorded.protocols.length;
  }
  return protocols.join(",") === recorded.protocols.join(",");
}

function list(items: readonly string[]): string {
  return items.length === 0 ? "none" : items.slice(0, 10).join(", ");
}

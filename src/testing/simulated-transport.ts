import { type Clock, systemClock } from "../clock.ts";
import { SandboxError } from "../errors.ts";
import type { Simulator } from "../simulators/simulator.ts";
import type {
  HttpExchange,
  HttpRequest,
  HttpSink,
  Transport,
  TransportConnection,
  TransportRequest,
  TransportSink,
} from "../transport/transport.ts";
import { failureOf } from "./failure.ts";
import { type FaultyPeer, faultyTransport } from "./faults/faulty.ts";
import { SimulatedConnection } from "./simulated-connection.ts";
import { SimulatedExchange } from "./simulated-exchange.ts";

/**
 * Simulated devices and servers by origin: `{ "ws://lamp.test": lamp }`. The origin of a scheme also stands for the scheme it shares a port
 * with, `http` for `ws` and `https` for `wss`, unless that has a peer of its own.
 */
export type Peers = Readonly<Record<string, Simulator | FaultyPeer>>;

/** Options of {@link simulatedTransport}. */
export interface SimulatedTransportOptions {
  /** The time that everything happens in. @defaultValue {@link systemClock} */
  readonly clock?: Clock;
  /** Seed of the faults that happen by chance. @defaultValue 1 */
  readonly seed?: number;
}

/** A {@link Transport} that can do HTTP, too. */
export type HttpTransport = Required<Transport>;

/**
 * Creates a network in memory: connections to the origins of `peers` lead to their simulators, to any other origin they are refused.
 *
 * Nothing is immediate: each step of a handshake, each message and each close frame is a callback of the clock. What a simulator throws
 * ends the connection as a server's crash does (HTTP status 500, close code 1011) and is thrown out of that callback, so that
 * {@link VirtualClock.advance} rejects with it.
 *
 * @throws {SandboxError} `ERR_OPTION` for a key that is no origin, or a peer that is no simulator.
 */
export function simulatedTransport(
  peers: Peers,
  { clock = systemClock, seed = 1 }: SimulatedTransportOptions = {},
): HttpTransport {
  const known = readPeers(peers);
  // The faults of an origin are one network's for all its connections.
  const networks = new Map<string, HttpTransport>();
  for (const [origin, { faults }] of known) {
    const direct: HttpTransport = {
      connect: (request, sink) => connectTo(known, request, sink, clock),
      request: (request, sink) => requestFrom(known, request, sink, clock),
    };
    networks.set(origin, faultyTransport(direct, faults, { clock, seed: seed + networks.size }));
  }
  return {
    connect(request, sink) {
      const { origin = "" } = find(known, request.url) ?? {};
      return networks.get(origin)?.connect(request, sink) ?? connectTo(known, request, sink, clock);
    },
    request(request, sink) {
      const { origin = "" } = find(known, request.url) ?? {};
      return (
        networks.get(origin)?.request(request, sink) ?? requestFrom(known, request, sink, clock)
      );
    },
  };
}

function connectTo(
  peers: KnownPeers,
  request: TransportRequest,
  sink: TransportSink,
  clock: Clock,
): TransportConnection {
  const found = find(peers, request.url);
  if (found === undefined) return refused(request, sink, clock, peers);
  return new SimulatedConnection({ request, sink, simulator: found.simulator, clock });
}

function requestFrom(
  peers: KnownPeers,
  request: HttpRequest,
  sink: HttpSink,
  clock: Clock,
): HttpExchange {
  const found = find(peers, request.url);
  if (found === undefined) return refusedExchange(request, sink, clock, peers);
  return new SimulatedExchange({ request, sink, simulator: found.simulator, clock });
}

/** Origins of the peers and of their further ports, as they are now, each with that of the other scheme of its port: for a policy. */
export function peerOrigins(peers: Peers): readonly string[] {
  const origins = [...readPeers(peers)].flatMap(([origin, { simulator }]) => [
    origin,
    ...(simulator.ports ?? []).map(({ port }) => withPort(origin, port)),
  ]);
  return [...new Set(origins.flatMap((origin) => [origin, otherScheme(origin)]))];
}

type KnownPeers = ReadonlyMap<string, FaultyPeer>;

function readPeers(peers: Peers): KnownPeers {
  const known = new Map<string, FaultyPeer>();
  for (const [key, peer] of Object.entries(peers)) {
    // Callers without types pass anything.
    const given: unknown = peer;
    if (typeof given !== "object" || given === null) {
      throw wrongPeer(key, "must be a simulator", typeof given);
    }
    const origin = originOf(key);
    if (known.has(origin)) throw wrongPeer(key, "must be named once", `${origin} a second time`);
    known.set(origin, "faults" in peer ? peer : { simulator: peer, faults: [] });
  }
  return known;
}

function originOf(key: string): string {
  const expected = 'must have an origin as its key, such as "ws://lamp.test:8080"';
  if (!URL.canParse(key)) throw wrongPeer(key, expected, "no URL");
  const { protocol, host, pathname, search, hash, username, password } = new URL(key);
  if (!(protocol in otherSchemes)) throw wrongPeer(key, expected, `the scheme ${protocol}`);
  const isBare = pathname === "/" && `${search}${hash}${username}${password}` === "";
  if (!isBare) throw wrongPeer(key, expected, "a path, query, fragment or credentials");
  return `${protocol}//${host}`;
}

function wrongPeer(key: string, expected: string, got: string): SandboxError {
  return new SandboxError("ERR_OPTION", `peers[${JSON.stringify(key)}] ${expected}, got ${got}`);
}

/** The simulator behind a URL, and the origin in `peers` that it belongs to. */
function find(
  peers: KnownPeers,
  url: string,
): { readonly origin: string; readonly simulator: Simulator } | undefined {
  const { protocol, host } = new URL(url);
  const wanted = `${protocol}//${host}`;
  const other = otherScheme(wanted);
  for (const origin of [wanted, other]) {
    const peer = peers.get(origin);
    if (peer !== undefined) return { origin, simulator: peer.simulator };
  }
  for (const [origin, peer] of peers) {
    for (const { port, simulator } of peer.simulator.ports ?? []) {
      const further = withPort(origin, port);
      if (further === wanted || further === other) return { origin, simulator };
    }
  }
  return undefined;
}

function withPort(origin: string, port: number): string {
  const url = new URL(origin);
  url.port = String(port);
  return `${url.protocol}//${url.host}`;
}

const otherSchemes: Readonly<Record<string, string>> = {
  "ws:": "http:",
  "wss:": "https:",
  "http:": "ws:",
  "https:": "wss:",
};

function otherScheme(origin: string): string {
  const scheme = origin.slice(0, origin.indexOf(":") + 1);
  return `${otherSchemes[scheme] ?? scheme}${origin.slice(scheme.length)}`;
}

function refused(
  { url }: TransportRequest,
  sink: TransportSink,
  clock: Clock,
  peers: KnownPeers,
): TransportConnection {
  let isOver = false;
  sink.reached("connect");
  const end = (code: "ERR_CONNECT" | "ERR_ABORTED", message: string): void => {
    if (isOver) return;
    isOver = true;
    const failure = failureOf(url, "connect", code, message, refusedBySystem(code));
    clock.schedule(() => sink.closed({ code: 1006, reason: "", wasClean: false, failure }), 0);
  };
  clock.schedule(() => end("ERR_CONNECT", noPeer(url, peers)), 0);
  const drop = (): void => end("ERR_ABORTED", "the connection was dropped");
  return { send: nothing, close: drop, abort: drop, pause: nothing, resume: nothing };
}

function refusedExchange(
  { url }: HttpRequest,
  sink: HttpSink,
  clock: Clock,
  peers: KnownPeers,
): HttpExchange {
  sink.reached("connect");
  const answer = clock.schedule(() => {
    const more = refusedBySystem("ERR_CONNECT");
    sink.failed(failureOf(url, "connect", "ERR_CONNECT", noPeer(url, peers), more));
  }, 0);
  return { abort: () => answer[Symbol.dispose](), pause: nothing, resume: nothing };
}

function refusedBySystem(code: string): { systemCode?: string } {
  return code === "ERR_CONNECT" ? { systemCode: "ECONNREFUSED" } : {};
}

function noPeer(url: string, peers: KnownPeers): string {
  const { protocol, host } = new URL(url);
  const names = [...peers.keys()].join(", ");
  return `no connection to the server: no peer is simulated for ${protocol}//${host}; ${
    names === "" ? "there are no peers" : `there are peers for ${names}`
  }`;
}

function nothing(): void {
  // There is nothing to act on.
}

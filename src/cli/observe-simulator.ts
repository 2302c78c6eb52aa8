import type { SimulatedPeer, SimulatedPort, Simulator } from "../simulators/simulator.ts";
import { excerpt, printable } from "./printable.ts";

/** Longest part of a message that is shown, in characters. */
const shownLength = 200;

/** Wraps a simulator so that a line is told of everything that happens at it. */
export function observeSimulator(simulator: Simulator, tell: (line: string) => void): Simulator {
  return observe(simulator, createCounter(), tell);
}

function createCounter(): () => number {
  let count = 0;
  return () => (count += 1);
}

function observe(
  simulator: Simulator,
  count: () => number,
  tell: (line: string) => void,
): Simulator {
  return {
    connect(peer) {
      simulator.connect?.(observePeer(peer, `#${count()}`, tell));
    },
    async request(request) {
      const response = await simulator.request?.(request);
      const target = `${request.url.pathname}${request.url.search}`;
      const status = response === undefined ? "broken off" : (response.status ?? 200);
      tell(`${request.method} ${printable(target.slice(0, shownLength))} ${status}`);
      return response;
    },
    ports: (simulator.ports ?? []).map((port) => observePort(port, count, tell)),
  };
}

function observePort(
  further: SimulatedPort,
  count: () => number,
  tell: (line: string) => void,
): SimulatedPort {
  return {
    get port() {
      return further.port;
    },
    set port(port) {
      further.port = port;
    },
    simulator: observe(further.simulator, count, tell),
  };
}

function observePeer(
  peer: SimulatedPeer,
  name: string,
  tell: (line: string) => void,
): SimulatedPeer {
  const observed: SimulatedPeer = {
    url: peer.url,
    protocols: peer.protocols,
    headers: peer.headers,
    clock: peer.clock,
    accept(options) {
      tell(`${name} open`);
      peer.accept(options);
    },
    refuse(response = {}) {
      tell(`${name} refused with ${response.status ?? 403}`);
      peer.refuse(response);
    },
    send(data) {
      tell(`${name} > ${show(data)}`);
      peer.send(data);
    },
    ping: () => peer.ping(),
    close(code, reason) {
      tell(`${name} closing ${code ?? ""}`.trimEnd());
      peer.close(code, reason);
    },
    drop: () => peer.drop(),
    silence() {
      tell(`${name} silent`);
      peer.silence();
    },
    onmessage: null,
    onpong: null,
    onclose: null,
  };
  peer.onmessage = (data) => {
    tell(`${name} < ${show(data)}`);
    observed.onmessage?.(data);
  };
  peer.onpong = () => observed.onpong?.();
  peer.onclose = (code, reason) => {
    tell(`${name} closed ${code}${reason === "" ? "" : ` ${excerpt(reason, shownLength)}`}`);
    observed.onclose?.(code, reason);
  };
  return observed;
}

function show(data: string | Uint8Array): string {
  if (typeof data !== "string") return `${data.byteLength} bytes`;
  // Not quoted: most of it is JSON, which is full of quotation marks.
  const shown = printable(data.slice(0, shownLength)).replaceAll("\n", "\\n");
  return data.length > shownLength ? `${shown}...` : shown;
}

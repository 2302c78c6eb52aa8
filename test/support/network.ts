import type { ConnectAnswer } from "../../src/boundary.ts";
import type { SandboxEventDetail } from "../../src/events.ts";
import { defaultLimits } from "../../src/limits.ts";
import { type GuestClose, Network, type NetworkDependencies } from "../../src/network/network.ts";
import { createFakeTransport, type FakeTransport } from "./fake-transport.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";

/** A network on a fake transport, with everything that it told. */
export interface TestNetwork {
  readonly network: Network;
  readonly transport: FakeTransport;
  readonly clock: ManualClock;
  /** What the guest was told, for example `"1 open proto"`, `"1 text a"`, `"1 closed 1006 failed"`. */
  readonly told: string[];
  readonly closes: GuestClose[];
  readonly events: SandboxEventDetail[];
  /** Numbers of connections, as `changed` found them. */
  readonly counts: number[];
  /** Connects and answers the id. */
  connect(url?: string, protocols?: readonly string[]): number;
  /** Connects, and the peer accepts. */
  open(url?: string): number;
  /** Starts a fetch and answers its id; `texts` are method, redirect mode and headers. */
  fetch(url?: string, texts?: readonly string[], body?: string): number;
}

/** Creates a network that may reach every public name. */
export function createTestNetwork(overrides: Partial<NetworkDependencies> = {}): TestNetwork {
  const transport = createFakeTransport();
  const clock = createManualClock();
  const told: string[] = [];
  const closes: GuestClose[] = [];
  const events: SandboxEventDetail[] = [];
  const counts: number[] = [];
  const network = new Network({
    policy: {
      allow: ["ws", "wss", "http", "https"].map((scheme) => ({ origin: `${scheme}://*:*` })),
    },
    limits: defaultLimits,
    transport,
    clock,
    guest: {
      open: (id, protocol) => told.push(`${id} open ${protocol}`.trimEnd()),
      text: (id, data) => told.push(`${id} text ${typeof data === "string" ? data : String(data)}`),
      binary: (id, data) => told.push(`${id} binary ${String(data)}`),
      closed(id, close) {
        told.push(`${id} closed ${close.code}${close.failed ? " failed" : ""}`);
        closes.push(close);
      },
      head: (id, [status, , url, redirected]) =>
        told.push(`${id} head ${status} ${url}${redirected ? " redirected" : ""}`),
      data: (id, data) => told.push(`${id} data ${Buffer.from(data).toString()}`),
      end: (id) => told.push(`${id} end`),
      failed: (id) => told.push(`${id} failed`),
    },
    emit: (event) => events.push(event),
    trace: false,
    changed: () => counts.push(network.connections),
    ...overrides,
  });
  function connect(url = "ws://peer.example/", protocols: readonly string[] = []): number {
    const [id]: ConnectAnswer = network.connect(url, protocols);
    return id;
  }
  return {
    network,
    transport,
    clock,
    told,
    closes,
    events,
    counts,
    connect,
    open(url) {
      const id = connect(url);
      transport.last.sink.opened({ protocol: "", extensions: "" });
      return id;
    },
    fetch: (url = "http://peer.example/", texts = ["GET", "follow"], body?: string) =>
      network.fetch(
        [url, ...texts],
        body === undefined ? undefined : new Uint8Array(Buffer.from(body)),
      ),
  };
}

/** Lets everything happen that was put off until the present call is over. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

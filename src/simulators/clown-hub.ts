import {
  type ClownQuantity,
  type ClownRelay,
  type ClownSensor,
  createClownNodes,
} from "./clown-nodes.ts";
import { type ClownBridge, createClownBridge } from "./clown-talk.ts";
import {
  type Conversation,
  createDevice,
  extendDevice,
  type RefusedHandshake,
  type SimulatedDevice,
} from "./device.ts";
import { field } from "./field.ts";
import { repeat } from "./repeat.ts";
import type { SimulatedPeer } from "./simulator.ts";

/** Options of {@link createClownHub}. */
export interface ClownHubOptions {
  /** @defaultValue `"user"` */
  readonly user?: string;
  /** @defaultValue `"password"` */
  readonly password?: string;
  /** Sensors that are fitted. @defaultValue `["thermometer"]` */
  readonly sensors?: readonly ClownSensor[];
  /** Milliseconds between the readings of a sensor, until a client changes it. Assumed. @defaultValue 1_000 */
  readonly publishInterval?: number;
  /** Whether actuators answer `set` with `.../ok` and their state, as they answer `get`. Assumed. @defaultValue true */
  readonly answersSet?: boolean;
  /** @defaultValue `"simulator"` */
  readonly firmwareRelease?: string;
  /** Milliseconds between pings. @defaultValue 54_000 */
  readonly pingInterval?: number;
  /** Milliseconds without a message or a pong after which a client is dropped. @defaultValue 60_000 */
  readonly readDeadline?: number;
  /** Largest message from a client, in bytes; a larger one is answered with 1009. @defaultValue 10_000_000 */
  readonly maxMessageBytes?: number;
}

/** A simulated Clown.Hub. */
export interface ClownHub extends SimulatedDevice {
  /** Path of the bridge. */
  readonly path: string;
  /** URL of the bridge with the credentials in it, for an origin such as `ws://hub.local`. */
  url(origin: string): string;
  /**
   * Sets what a sensor measures from now on, and publishes it at once.
   *
   * @throws {SandboxError} `ERR_OPTION` when no sensor that is fitted measures this
   */
  measure(quantity: ClownQuantity, value: number): void;
  /** Whether a relay is on. */
  relay(address: ClownRelay): boolean;
  /** State of the LED: `off`, `on`, `1-dot`, `2-dot` or `3-dot`. */
  readonly led: string;
  /** Lines that the display shows, from the top. */
  readonly displayLines: readonly string[];
}

/**
 * Makes a Clown.Hub (BigClown): a WebSocket bridge to Clown.Talk behind HTTP Basic authentication, for any `Origin`.
 *
 * Clients send lines of JSON, ended by a line feed; the hub sends one text frame for each line. {@link SimulatedDevice.drop} is what
 * happens when the bridge's process ends.
 *
 * @example
 * const hub = createClownHub({ password: "secret" });
 * const server = await serveSimulator(hub);
 * console.log(hub.url(server.origin));
 */
export function createClownHub(options: ClownHubOptions = {}): ClownHub {
  const { user = "user", password = "password", sensors = ["thermometer"] } = options;
  const { pingInterval = 54_000, readDeadline = 60_000, maxMessageBytes = 10_000_000 } = options;
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const path = "/auth/clown-talk-server_nodes_bridge_0";
  const bridges = new Set<ClownBridge>();
  let nodes = createClownNodes(sensors);

  function converse(peer: SimulatedPeer): Conversation | RefusedHandshake {
    if (peer.headers["authorization"] !== authorization) return { refusal: unauthorized };
    return peer.url.pathname === path ? talk(peer) : { refusal: { status: 404 } };
  }

  function talk(peer: SimulatedPeer): Conversation {
    const { clock } = peer;
    const bridge = createClownBridge({
      nodes: () => nodes,
      interval: options.publishInterval ?? 1_000,
      answersSet: options.answersSet ?? true,
      firmwareRelease: options.firmwareRelease ?? "simulator",
      clock,
      send: (message) => peer.send(JSON.stringify(message)),
    });
    let ping: Disposable | undefined;
    let deadline: Disposable | undefined;
    const live = (): void => {
      deadline?.[Symbol.dispose]();
      deadline = clock.schedule(() => peer.drop(), readDeadline, upkeep);
    };
    return {
      opened() {
        bridges.add(bridge);
        ping = repeat(clock, pingInterval, () => peer.ping(), upkeep);
        live();
      },
      received(data) {
        live();
        const size = typeof data === "string" ? Buffer.byteLength(data) : data.byteLength;
        if (size > maxMessageBytes) peer.close(1009);
        else if (typeof data === "string") bridge.receive(data);
      },
      ponged: live,
      ended() {
        bridges.delete(bridge);
        bridge[Symbol.dispose]();
        ping?.[Symbol.dispose]();
        deadline?.[Symbol.dispose]();
      },
    };
  }

  const device = createDevice({
    converse,
    reset() {
      nodes = createClownNodes(sensors);
    },
  });
  return extendDevice(device, {
    path,
    url(origin: string): string {
      const url = new URL(path, origin);
      url.username = encodeURIComponent(user);
      url.password = encodeURIComponent(password);
      return url.href;
    },
    measure(quantity: ClownQuantity, value: number): void {
      const topic = nodes.measure(quantity, value);
      for (const bridge of bridges) bridge.publish(topic);
    },
    relay: (address: ClownRelay) => field(nodes.get(`relay/i2c0-${address}`), "state") === true,
    get led() {
      return String(field(nodes.get("led/-"), "state"));
    },
    get displayLines() {
      const shown = nodes.get("display-oled/i2c0-3c");
      return Array.from({ length: 8 }, (_, line) => String(field(shown, `line-${line}`) ?? ""));
    },
  });
}

const unauthorized = {
  status: 401,
  headers: { "WWW-Authenticate": 'Basic realm="Clown.Hub"' },
} as const;

/** In virtual time nobody waits for what only keeps a connection alive. */
const upkeep = { background: true } as const;

import type { SimulatedPeer, SimulatedRequest, SimulatedResponse, Simulator } from "./simulator.ts";

/** What happens to every device, whatever it speaks. */
export interface SimulatedDevice extends Simulator {
  connect(peer: SimulatedPeer): void;
  request(
    request: SimulatedRequest,
  ): SimulatedResponse | undefined | Promise<SimulatedResponse | undefined>;
  /** Connections that are open now, silent ones among them. */
  readonly connections: number;
  /** Keeps the connections that are open and says nothing more on them, as when their way is lost: half-open. New ones work. */
  goSilent(): void;
  /** Breaks every connection without a close frame, as when the server's process dies. New ones work. */
  drop(): void;
  /** Pulls the network cable: open connections go silent; new ones and requests get no answer at all. */
  unplug(): void;
  /** Plugs the cable in again. Connections that have gone silent are broken; what waits for an answer still gets none. */
  plugIn(): void;
  /** Takes the power away and gives it back at once: every connection breaks, and the device is as it was made. */
  powerCycle(): void;
}

/** What a device does in one conversation. */
export interface Conversation {
  /** Subprotocol that the device chooses. @defaultValue none */
  readonly protocol?: string;
  /** The connection is open: from now on messages can be sent. */
  opened?(): void;
  received?(data: string | Uint8Array<ArrayBuffer>): void;
  ponged?(): void;
  ended?(code: number, reason: string): void;
}

/** What is particular to a device. */
export interface DeviceParts {
  /** Judges a handshake: a conversation accepts it, a response refuses it. */
  converse(peer: SimulatedPeer): Conversation | RefusedHandshake;
  /** See {@link Simulator.request}. Absent: answered with 404. */
  request?(request: SimulatedRequest): SimulatedResponse;
  /** Puts everything back to what it was after `createX`. */
  reset?(): void;
}

/** A handshake that gets an HTTP answer in place of a connection. */
export interface RefusedHandshake {
  readonly refusal: SimulatedResponse;
}

/** Makes a device of its parts: everything between the cable and the protocol. */
export function createDevice(parts: DeviceParts): SimulatedDevice {
  const open = new Map<SimulatedPeer, Conversation>();
  const silent = new Set<SimulatedPeer>();
  let isPlugged = true;

  function end(peer: SimulatedPeer, code: number, reason: string): void {
    const conversation = open.get(peer);
    open.delete(peer);
    silent.delete(peer);
    conversation?.ended?.(code, reason);
  }

  function drop(peers: Iterable<SimulatedPeer>): void {
    // A copy: what is dropped leaves the set.
    for (const peer of [...peers]) {
      // At once, whenever the connection says so itself: the device knows nothing of it any more.
      end(peer, 1006, "");
      peer.drop();
    }
  }

  function goSilent(): void {
    for (const peer of open.keys()) {
      silent.add(peer);
      peer.silence();
    }
  }

  function connect(peer: SimulatedPeer): void {
    if (!isPlugged) return peer.silence();
    const conversation = parts.converse(peer);
    if ("refusal" in conversation) return peer.refuse(conversation.refusal);
    open.set(peer, conversation);
    peer.onmessage = (data) => conversation.received?.(data);
    peer.onpong = () => conversation.ponged?.();
    peer.onclose = (code, reason) => end(peer, code, reason);
    const { protocol } = conversation;
    peer.accept(protocol === undefined ? {} : { protocol });
    conversation.opened?.();
  }

  function request(
    received: SimulatedRequest,
  ): SimulatedResponse | Promise<SimulatedResponse | undefined> {
    // Settles never: there is nobody who could answer.
    if (!isPlugged) return new Promise(() => {});
    return parts.request?.(received) ?? { status: 404 };
  }

  return {
    connect,
    request,
    get connections() {
      return open.size;
    },
    goSilent,
    drop: () => drop(open.keys()),
    unplug() {
      isPlugged = false;
      goSilent();
    },
    plugIn() {
      isPlugged = true;
      drop(silent);
    },
    powerCycle() {
      drop(open.keys());
      parts.reset?.();
    },
  };
}

/** Adds what only this device does; getters stay getters. */
export function extendDevice<Extension extends object>(
  device: SimulatedDevice,
  extension: Extension,
): SimulatedDevice & Extension {
  Object.defineProperties(device, Object.getOwnPropertyDescriptors(extension));
  // Proven by the line above.
  return device as SimulatedDevice & Extension;
}

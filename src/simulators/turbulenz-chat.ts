import {
  type Conversation,
  createDevice,
  extendDevice,
  type RefusedHandshake,
  type SimulatedDevice,
} from "./device.ts";
import { field } from "./field.ts";
import type { SimulatedPeer } from "./simulator.ts";

/**
 * Options of {@link createTurbulenzChat}. The engine documents its network device and no chat: all of this server is assumed.
 */
export interface TurbulenzChatOptions {
  /** Subprotocol; a client that offers others only is refused with 400, one that offers none is taken. @defaultValue `"chat"` */
  readonly protocol?: string;
  /** Path of the chat. @defaultValue `"/chat"` */
  readonly path?: string;
  /** Longest text of one message, in characters; a longer one closes the connection with 1009. @defaultValue 2_000 */
  readonly maxTextLength?: number;
  /** Most clients at a time; more are refused with 503. @defaultValue 100 */
  readonly maxClients?: number;
  /** Others that are there from the start. @defaultValue none */
  readonly names?: readonly string[];
}

/** A simulated chat server. */
export interface TurbulenzChat extends SimulatedDevice {
  readonly path: string;
  /** Everybody who is there: clients that have joined, and others. */
  readonly names: readonly string[];
  /** Somebody else comes in. */
  join(name: string): void;
  /** Somebody says something, whether there or not. */
  say(name: string, text: string): void;
  /** Somebody else leaves. */
  leave(name: string): void;
  /** Ends the connection of a client with 4001. */
  kick(name: string, reason?: string): void;
  /** Ends every connection with 1012, as a server does that restarts. */
  restart(): void;
}

type ChatMessage =
  | { readonly type: "welcome"; readonly names: readonly string[] }
  | { readonly type: "joined" | "left"; readonly name: string }
  | { readonly type: "said"; readonly name: string; readonly text: string };

/**
 * Makes a chat, as games of the Turbulenz engine have one. Messages are JSON in text frames.
 *
 * A client sends `{"type": "join", "name"}`, gets `{"type": "welcome", "names"}`, and then sends `{"type": "say", "text"}`. Everybody
 * who has joined gets `joined` and `left` with a name, and `said` with a name and a text, their own among them. What is none of this
 * is ignored.
 */
export function createTurbulenzChat(options: TurbulenzChatOptions = {}): TurbulenzChat {
  const { protocol = "chat", path = "/chat", maxTextLength = 2_000, maxClients = 100 } = options;
  const clients = new Map<SimulatedPeer, string>();
  let others = new Set(options.names);

  function broadcast(message: ChatMessage): void {
    for (const peer of clients.keys()) peer.send(JSON.stringify(message));
  }

  function names(): readonly string[] {
    return [...others, ...clients.values()];
  }

  function converse(peer: SimulatedPeer): Conversation | RefusedHandshake {
    if (peer.url.pathname !== path) return { refusal: { status: 404 } };
    if (device.connections >= maxClients) return { refusal: { status: 503 } };
    const isOffered = peer.protocols.includes(protocol);
    if (!isOffered && peer.protocols.length > 0) return { refusal: { status: 400 } };
    return {
      ...(isOffered ? { protocol } : {}),
      received: (data) => typeof data === "string" && receive(peer, data),
      ended: () => depart(peer),
    };
  }

  function receive(peer: SimulatedPeer, data: string): void {
    const message = parse(data);
    const [name, text] = [field(message, "name"), field(message, "text")];
    const known = clients.get(peer);
    switch (field(message, "type")) {
      case "join":
        if (typeof name === "string" && known === undefined) admit(peer, freeName(name));
        break;
      case "say":
        if (typeof text !== "string" || known === undefined) break;
        if (text.length > maxTextLength) peer.close(1009, "The text is too long");
        else broadcast({ type: "said", name: known, text });
    }
  }

  function admit(peer: SimulatedPeer, name: string): void {
    broadcast({ type: "joined", name });
    clients.set(peer, name);
    peer.send(JSON.stringify({ type: "welcome", names: names() }));
  }

  /** A name that nobody has: names tell who said something. */
  function freeName(wanted: string): string {
    const name = wanted.trim().slice(0, 40) || "somebody";
    const taken = names();
    let free = name;
    for (let count = 2; taken.includes(free); count += 1) free = `${name} ${count}`;
    return free;
  }

  function depart(peer: SimulatedPeer): void {
    const name = clients.get(peer);
    clients.delete(peer);
    if (name !== undefined) broadcast({ type: "left", name });
  }

  const device: SimulatedDevice = createDevice({
    converse,
    reset() {
      others = new Set(options.names);
    },
  });
  return extendDevice<Omit<TurbulenzChat, keyof SimulatedDevice>>(device, {
    path,
    get names() {
      return names();
    },
    join(name: string): void {
      others.add(name);
      broadcast({ type: "joined", name });
    },
    say: (name: string, text: string) => broadcast({ type: "said", name, text }),
    leave(name: string): void {
      if (others.delete(name)) broadcast({ type: "left", name });
    },
    kick(name: string, reason = "kicked"): void {
      for (const [peer, known] of clients) if (known === name) peer.close(4001, reason);
    },
    restart(): void {
      for (const peer of clients.keys()) peer.close(1012, "restart");
    },
  });
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

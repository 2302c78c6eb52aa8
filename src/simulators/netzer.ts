import { SandboxError } from "../errors.ts";
import {
  type Conversation,
  createDevice,
  extendDevice,
  type RefusedHandshake,
  type SimulatedDevice,
} from "./device.ts";
import { createNetzerTree, type NetzerTree } from "./netzer-tree.ts";
import type { SimulatedPeer, SimulatedRequest, SimulatedResponse } from "./simulator.ts";

/** Options of {@link createNetzer}. */
export interface NetzerOptions {
  /**
   * Values of the command tree by their paths, added to those that every module has.
   *
   * @defaultValue `sub`, `sup`, and `uv0` to `uvd` with their triggers `tuv0` to `tuvd`
   */
  readonly values?: Readonly<Record<string, string>>;
  /** Paths that cannot be written. Assumed. @defaultValue none */
  readonly readOnly?: readonly string[];
  /**
   * What a command gets that is no path of the tree, or writes an inner node: nothing, an empty object, or this text. Assumed.
   *
   * @defaultValue `"silence"`
   */
  readonly unknownCommand?: "silence" | "empty" | { readonly reply: string };
  /**
   * What a second connection meets: refused with 503, or taken in place of the first, which is dropped. Assumed.
   *
   * @defaultValue `"refuse"`
   */
  readonly secondConnection?: "refuse" | "replace";
  /** Ends each message of the module. Assumed. @defaultValue `""` */
  readonly terminator?: string;
  /**
   * Whether a change is pushed, by the value of the trigger. Assumed.
   *
   * @defaultValue bit 0 stands for a rising edge, bit 1 for a falling one, so that `3` means both
   */
  readonly isTriggered?: (trigger: string, before: string, after: string) => boolean;
}

/** A simulated Netzer. */
export interface Netzer extends SimulatedDevice {
  /** Path of its WebSocket. */
  readonly path: "/ws";
  /**
   * Changes the value of an input, as whatever is wired to it does, and pushes the change if its trigger is set.
   *
   * @param io number of the input, 0 to 13
   * @throws {SandboxError} `ERR_OPTION` when there is no such input
   */
  setInput(io: number, value: string | boolean): void;
  /** The value at a path of the tree, for example `uv0`; `undefined` at an inner node. */
  value(path: string): string | undefined;
}

/** IOs of the module. */
const ioCount = 14;

/** Longest command, in characters. */
const maxCommandLength = 1_024;

/**
 * Makes a Netzer: an IO module with one WebSocket at a time, whose commands walk a tree, one character for each edge.
 *
 * `sup` reads, `sup=1` writes, `su` reads a whole subtree; the answers are JSON nested along the path. Web pages are blocked while its
 * WebSocket is open.
 *
 * @example
 * const netzer = createNetzer();
 * const server = await serveSimulator(netzer, { port: 8080 });
 * netzer.setInput(0, true);
 */
export function createNetzer(options: NetzerOptions = {}): Netzer {
  const { secondConnection = "refuse", terminator = "", unknownCommand = "silence" } = options;
  const { isTriggered = isEdgeTriggered, readOnly = [] } = options;
  let tree = createTree(options);
  let occupant: SimulatedPeer | undefined;

  function converse(peer: SimulatedPeer): Conversation | RefusedHandshake {
    if (peer.url.pathname !== "/ws") return { refusal: { status: 404 } };
    if (occupant !== undefined) {
      if (secondConnection === "refuse") return { refusal: { status: 503 } };
      occupant.drop();
    }
    occupant = peer;
    return {
      // Text only.
      received: (data) => typeof data === "string" && execute(peer, data),
      ended() {
        if (occupant === peer) occupant = undefined;
      },
    };
  }

  function execute(peer: SimulatedPeer, text: string): void {
    if (text.length > maxCommandLength) return;
    const [, path = "", value] = /^([0-9a-z]+)(?:=(.*))?$/s.exec(text.trim()) ?? [];
    const isAllowed = value === undefined || (tree.isLeaf(path) && !readOnly.includes(path));
    if (isAllowed && value !== undefined) tree.set(path, value);
    const answer = isAllowed ? tree.read(path) : undefined;
    if (answer !== undefined) send(peer, JSON.stringify(answer));
    else if (typeof unknownCommand === "object") send(peer, unknownCommand.reply);
    else if (unknownCommand === "empty") send(peer, "{}");
  }

  function send(peer: SimulatedPeer, text: string): void {
    peer.send(`${text}${terminator}`);
  }

  function request({ method, url }: SimulatedRequest): SimulatedResponse {
    if (occupant !== undefined) return { status: 503 };
    if (url.pathname !== "/") return { status: 404 };
    if (method !== "GET" && method !== "HEAD") return { status: 405 };
    return { headers: { "content-type": "text/html" }, body: "<title>Netzer</title>" };
  }

  const device = createDevice({
    converse,
    request,
    reset() {
      tree = createTree(options);
    },
  });
  return extendDevice(device, {
    path: "/ws",
    setInput(io: number, value: string | boolean): void {
      const path = `uv${io.toString(16)}`;
      const before = tree.value(path);
      if (before === undefined) {
        throw new SandboxError(
          "ERR_OPTION",
          `io must be an input of the module, 0 to ${ioCount - 1} unless values adds more, got ${io}`,
        );
      }
      const after = typeof value === "boolean" ? String(Number(value)) : value;
      tree.set(path, after);
      const trigger = tree.value(`t${path}`) ?? "0";
      if (occupant === undefined || !isTriggered(trigger, before, after)) return;
      send(occupant, JSON.stringify(tree.read(path)));
    },
    value: (path: string) => tree.value(path),
  } as const);
}

function createTree({ values = {} }: NetzerOptions): NetzerTree {
  const digits = Array.from({ length: ioCount }, (_, io) => io.toString(16));
  return createNetzerTree({
    sub: "5",
    sup: "0",
    ...Object.fromEntries(digits.map((io) => [`uv${io}`, "0"])),
    ...Object.fromEntries(digits.map((io) => [`tuv${io}`, "0"])),
    ...values,
  });
}

function isEdgeTriggered(trigger: string, before: string, after: string): boolean {
  const edges = Number.parseInt(trigger, 16);
  const wanted = Number(after) > Number(before) ? 1 : 2;
  return before !== after && (edges & wanted) !== 0;
}

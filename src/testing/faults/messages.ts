import { utf8Length } from "../../websocket/utf8-length.ts";
import { type DownItem, type MessageData, notCounted } from "../relay.ts";
import { checkNumber, type Fault } from "./fault.ts";
import { Line } from "./line.ts";

/** Bytes per second, one number for both directions. */
export interface Bandwidth {
  /** From the script to the server. @defaultValue no bound */
  readonly up?: number;
  /** From the server to the script. @defaultValue no bound */
  readonly down?: number;
}

/**
 * The network carries so many bytes of messages per second. What the script sends counts as sent once it has left: `bufferedAmount` shows
 * the rest.
 */
export function bandwidth(bytesPerSecond: number | Bandwidth): Fault {
  const { up = Number.POSITIVE_INFINITY, down = Number.POSITIVE_INFINITY } =
    typeof bytesPerSecond === "number"
      ? { up: bytesPerSecond, down: bytesPerSecond }
      : bytesPerSecond;
  checkNumber("bandwidth", "up", up, 1);
  checkNumber("bandwidth", "down", down, 1);
  return throttle("bandwidth", up, down);
}

/** The server takes so many bytes per second from each connection: what the script sends waits in its `bufferedAmount`. */
export function slowReader(bytesPerSecond: number): Fault {
  checkNumber("slowReader", "bytesPerSecond", bytesPerSecond, 1);
  return throttle("slowReader", bytesPerSecond, Number.POSITIVE_INFINITY);
}

function throttle(name: string, upRate: number, downRate: number): Fault {
  return {
    name,
    start: ({ clock }) => ({
      answer() {
        const down = new Line(clock);
        return (arrive, bytes) => down.occupy(arrive, (bytes / downRate) * 1_000);
      },
      filter() {
        const up = new Line(clock);
        const down = new Line(clock);
        return {
          up: (item, pass) => up.occupy(() => pass(item), timeOf(item, upRate)),
          down: (item, pass) => down.occupy(() => pass(item), timeOf(item, downRate)),
        };
      },
    }),
  };
}

/** Options of {@link fragmentation}. */
export interface FragmentationOptions {
  /** Bytes of one fragment. @defaultValue 1_024 */
  readonly bytes?: number;
  /** Milliseconds between two fragments. @defaultValue 1 */
  readonly interval?: number;
}

/**
 * Messages of the server arrive in fragments, one after another. A script sees nothing of it but the time; the sandbox counts incomplete messages
 * against its limits, and fragments are a sign of life.
 */
export function fragmentation(options: FragmentationOptions = {}): Fault {
  const { bytes = 1_024, interval = 1 } = options;
  checkNumber("fragmentation", "bytes", bytes, 1);
  checkNumber("fragmentation", "interval", interval);
  return {
    name: "fragmentation",
    start: ({ clock }) => ({
      filter(link) {
        const line = new Line(clock);
        return {
          down(item, pass) {
            const size = item.type === "message" ? sizeOf(item.data) : 0;
            for (let read = bytes; read < size; read += bytes) {
              line.occupy(() => link.passDown({ type: "received", pendingBytes: read }), interval);
            }
            line.occupy(() => pass(item), size > bytes ? interval : 0);
          },
        };
      },
    }),
  };
}

/** Options of {@link duplicate}. */
export interface DuplicateOptions {
  /** Whose messages: the server's, the script's, or those of both. @defaultValue `"server"` */
  readonly from?: "server" | "script" | "both";
  /** How likely it is for each message, from 0 to 1. @defaultValue 1 */
  readonly chance?: number;
}

/**
 * Messages arrive twice. No network does that to a WebSocket; servers and scripts do that send again what they have sent before a
 * reconnect.
 */
export function duplicate(options: DuplicateOptions = {}): Fault {
  const { from = "server", chance = 1 } = options;
  checkNumber("duplicate", "chance", chance);
  return {
    name: "duplicate",
    start: ({ random }) => ({
      filter: () => ({
        up(item, pass) {
          pass(item);
          if (item.type === "message" && from !== "server" && random() < chance) {
            pass({ ...item, bytes: notCounted });
          }
        },
        down(item, pass) {
          pass(item);
          if (item.type === "message" && from !== "script" && random() < chance) pass(item);
        },
      }),
    }),
  };
}

/** Options of {@link reorder}. */
export interface ReorderOptions {
  /** Messages that may change places with each other, at least 2. @defaultValue 2 */
  readonly window?: number;
  /** Milliseconds that a message waits for others at most. @defaultValue 50 */
  readonly maxDelay?: number;
}

/**
 * Messages of the server that come close together arrive in another order, by chance. A WebSocket keeps the order of what is sent; servers
 * do not always, which work on several requests at a time: use it where messages do not depend on each other. Connections overtake each
 * other by {@link latency} with jitter.
 */
export function reorder(options: ReorderOptions = {}): Fault {
  const { window = 2, maxDelay = 50 } = options;
  checkNumber("reorder", "window", window, 2);
  checkNumber("reorder", "maxDelay", maxDelay);
  return {
    name: "reorder",
    start: ({ clock, random }) => ({
      filter() {
        let waiting: DownItem[] = [];
        let timer: Disposable | undefined;
        function flush(pass: (item: DownItem) => void): void {
          timer?.[Symbol.dispose]();
          timer = undefined;
          const items = shuffled(waiting, random);
          waiting = [];
          for (const item of items) pass(item);
        }
        return {
          down(item, pass) {
            if (item.type === "closed") flush(pass);
            if (item.type !== "message") {
              pass(item);
              return;
            }
            waiting.push(item);
            if (waiting.length >= window) flush(pass);
            else timer ??= clock.schedule(() => flush(pass), maxDelay);
          },
        };
      },
    }),
  };
}

/** Any order but the present one, where there is another. */
function shuffled(items: readonly DownItem[], random: () => number): readonly DownItem[] {
  const result = [...items];
  // Sattolo's algorithm: nothing stays in its place.
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * last);
    const [a, b] = [result[last], result[other]];
    if (a !== undefined && b !== undefined) [result[last], result[other]] = [b, a];
  }
  return result;
}

/** Milliseconds that a message takes. */
function timeOf(
  item: { readonly type: string; readonly data?: MessageData },
  rate: number,
): number {
  return item.data === undefined ? 0 : (sizeOf(item.data) / rate) * 1_000;
}

function sizeOf(data: MessageData): number {
  return typeof data === "string" ? utf8Length(data) : data.byteLength;
}

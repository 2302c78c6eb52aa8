import type { Clock } from "../clock.ts";
import type { ClownNodes } from "./clown-nodes.ts";
import { field } from "./field.ts";
import { repeat } from "./repeat.ts";

/** One message of Clown.Talk: a topic and its payload. */
export type ClownMessage = readonly [topic: string, payload: unknown];

/** One client's talk with the nodes behind the hub. */
export interface ClownBridge extends Disposable {
  /** Takes text from the client: lines, in any pieces. Anything malformed or unknown gets silence: it is only logged. */
  receive(text: string): void;
  /** Sends the reading of a sensor, if the client has configured the bridge. */
  publish(topic: string): void;
}

/** What {@link createClownBridge} needs. */
export interface ClownBridgeParts {
  /** Replaced when the hub loses power. */
  readonly nodes: () => ClownNodes;
  /** Milliseconds between the readings of a sensor until the client changes it. */
  readonly interval: number;
  /** Whether `set` is answered as `get` is. */
  readonly answersSet: boolean;
  readonly firmwareRelease: string;
  readonly clock: Clock;
  readonly send: (message: ClownMessage) => void;
}

/** Shorter lines are noise of the serial line. */
const minLineBytes = 8;

/** Longest line, in characters: as much as the longest message. */
const maxLineLength = 10_000_000;

/** Makes a bridge, which a client configures before sensors publish. */
export function createClownBridge(parts: ClownBridgeParts): ClownBridge {
  const { nodes, clock, send } = parts;
  const publishing = new Map<string, Disposable>();
  const intervals = new Map<string, number | null>();
  const counts = new Map<string, number>();
  let isConfigured = false;
  let rest = "";

  function answer([topic, payload]: ClownMessage): ClownMessage | undefined {
    switch (topic) {
      case "clown.talk/-/config/set":
        isConfigured = true;
        for (const sensor of nodes().sensors) schedule(sensor);
        return ["clown.talk/-/config/ok", bridgeDescription(parts.firmwareRelease)];
      case "-/-/config/list": {
        const { sensors, actuators } = nodes();
        return ["-/-/config/list/ok", { sensors, actuators, notifications: [] }];
      }
    }
    const [, name = "", verb = ""] = /^(.*)\/config\/(update|get)$/.exec(topic) ?? [];
    if (nodes().sensors.includes(name)) return answerConfig(name, verb, payload);
    return answerState(topic, payload);
  }

  function answerConfig(sensor: string, verb: string, payload: unknown): ClownMessage | undefined {
    if (verb === "update") {
      const wanted = field(payload, "publish-interval");
      if (wanted !== null && !isInterval(wanted)) return undefined;
      intervals.set(sensor, wanted);
      if (isConfigured) schedule(sensor);
    }
    return [`${sensor}/config/ok`, { "publish-interval": intervalOf(sensor) }];
  }

  function answerState(topic: string, payload: unknown): ClownMessage | undefined {
    const slash = topic.lastIndexOf("/");
    const name = topic.slice(0, slash);
    const verb = topic.slice(slash + 1);
    if (verb === "set") {
      if (!nodes().set(name, payload) || !parts.answersSet) return undefined;
    } else if (verb !== "get") return undefined;
    const state = nodes().get(name);
    return state === undefined ? undefined : [`${name}/ok`, state];
  }

  function intervalOf(sensor: string): number | null {
    const changed = intervals.get(sensor);
    return changed === undefined ? parts.interval : changed;
  }

  function schedule(sensor: string): void {
    publishing.get(sensor)?.[Symbol.dispose]();
    publishing.delete(sensor);
    const interval = intervalOf(sensor);
    if (interval === null) return;
    publishing.set(
      sensor,
      repeat(clock, interval, () => publish(sensor)),
    );
  }

  function publish(sensor: string): void {
    if (!isConfigured) return;
    const count = counts.get(sensor) ?? 0;
    counts.set(sensor, count + 1);
    send([sensor, nodes().read(sensor, count)]);
  }

  return {
    receive(text) {
      const lines = `${rest}${text}`.split("\n");
      rest = (lines.pop() ?? "").slice(-maxLineLength);
      for (const line of lines) {
        const message = parseLine(line);
        const reply = message && answer(message);
        if (reply !== undefined) send(reply);
      }
    },
    publish,
    [Symbol.dispose]() {
      for (const timer of publishing.values()) timer[Symbol.dispose]();
      publishing.clear();
      isConfigured = false;
    },
  };
}

function bridgeDescription(firmwareRelease: string): object {
  return {
    ack: false,
    device: "bridge",
    capabilities: 1,
    "firmware-datetime": "2016-09-30T12:00:00Z",
    "firmware-release": firmwareRelease,
  };
}

function parseLine(line: string): ClownMessage | undefined {
  if (Buffer.byteLength(line) < minLineBytes) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // Malformed: silence is the answer.
    return undefined;
  }
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [topic, payload]: readonly unknown[] = value;
  return typeof topic === "string" ? [topic, payload] : undefined;
}

function isInterval(value: unknown): value is number {
  return typeof value === "number" && value >= 1 && value <= 86_400_000;
}

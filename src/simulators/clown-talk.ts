/** One message of Clown.Talk: a topic and its payload. */
export type ClownMessage = readonly [topic: string, payload: unknown];

/** The devices behind one bridge, as the Clown.Talk protocol shows them. */
export interface ClownBridge {
  /** Takes one line from a client and returns the answers. Anything malformed or unknown gets none: it is only logged. */
  receive(line: string): readonly ClownMessage[];
  /** A reading of the thermometer. */
  measure(): ClownMessage;
  /** Milliseconds between readings, `undefined` while there are none. Set by `config/set` and `config/update`. */
  readonly publishInterval: number | undefined;
}

const thermometer = "thermometer/i2c0-48";

/** Topics of the relays; both addresses that the module can have. */
const relays: readonly string[] = ["relay/i2c0-3b", "relay/i2c0-3f"];

const ledStates: readonly unknown[] = ["off", "on", "1-dot", "2-dot", "3-dot"];

/** Shorter lines are noise of the serial line. */
const minLineBytes = 8;

/**
 * Makes a bridge with a thermometer, two relays and an LED.
 *
 * Assumed: relays and the LED answer `set` and `get` with `.../ok`, as `config` does; readings start with `config/set`.
 *
 * @param interval milliseconds between readings until a client changes it
 */
export function createClownBridge(interval: number): ClownBridge {
  const states = new Map<string, unknown>(relays.map((relay) => [relay, false]));
  states.set("led/-", "off");
  let isConfigured = false;
  let publishInterval: number | undefined = interval;
  let readings = 0;

  function answer([topic, payload]: ClownMessage): ClownMessage | undefined {
    switch (topic) {
      case "clown.talk/-/config/set":
        isConfigured = true;
        return ["clown.talk/-/config/ok", bridgeDescription];
      case "-/-/config/list":
        return ["-/-/config/list/ok", deviceList];
      case `${thermometer}/config/update`: {
        const wanted = field(payload, "publish-interval");
        if (wanted === null) publishInterval = undefined;
        else if (isInterval(wanted)) publishInterval = wanted;
        else return undefined;
        return intervalAnswer();
      }
      case `${thermometer}/config/get`:
        return intervalAnswer();
    }
    return answerState(topic, payload);
  }

  function intervalAnswer(): ClownMessage {
    return [`${thermometer}/config/ok`, { "publish-interval": publishInterval ?? null }];
  }

  function answerState(topic: string, payload: unknown): ClownMessage | undefined {
    const slash = topic.lastIndexOf("/");
    const name = topic.slice(0, slash);
    const verb = topic.slice(slash + 1);
    if (!states.has(name)) return undefined;
    if (verb === "set") {
      const state = field(payload, "state");
      if (!isState(name, state)) return undefined;
      states.set(name, state);
    } else if (verb !== "get") return undefined;
    return [`${name}/ok`, { state: states.get(name) }];
  }

  return {
    receive(line) {
      const message = parseLine(line);
      const reply = message && answer(message);
      return reply === undefined ? [] : [reply];
    },
    measure() {
      // A room that warms up slowly and cools down again.
      const celsius = 23.5 + (readings++ % 8) / 10;
      return [thermometer, { temperature: [Number(celsius.toFixed(1)), "\u2103"] }];
    },
    get publishInterval() {
      return isConfigured ? publishInterval : undefined;
    },
  };
}

const bridgeDescription = {
  ack: false,
  device: "bridge",
  capabilities: 1,
  "firmware-datetime": "2016-09-30T12:00:00Z",
  "firmware-release": "simulator",
};

const deviceList = {
  sensors: [thermometer],
  actuators: [...relays, "led/-"],
  notifications: [],
};

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

function field(payload: unknown, name: string): unknown {
  return typeof payload === "object" && payload !== null
    ? Object.getOwnPropertyDescriptor(payload, name)?.value
    : undefined;
}

function isInterval(value: unknown): value is number {
  return typeof value === "number" && value >= 1 && value <= 86_400_000;
}

function isState(name: string, state: unknown): boolean {
  return name === "led/-" ? ledStates.includes(state) : typeof state === "boolean";
}

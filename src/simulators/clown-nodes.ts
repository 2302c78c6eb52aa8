import { SandboxError } from "../errors.ts";
import { field } from "./field.ts";

/** What a sensor measures. */
export type ClownQuantity =
  | "temperature"
  | "relative-humidity"
  | "illuminance"
  | "altitude"
  | "pressure"
  | "concentration";

/** A sensor that can be fitted to the hub. */
export type ClownSensor =
  | "thermometer"
  | "humidity-sensor"
  | "lux-meter"
  | "barometer"
  | "co2-sensor";

/** I2C address of a relay, which tells the two apart. */
export type ClownRelay = "3b" | "3f";

/** A payload with values and their units. */
export type ClownReading = Readonly<Record<string, readonly [value: number, unit: string]>>;

/** The sensors and actuators at the hub's bus: the same for every client. */
export interface ClownNodes {
  /** Topics of the sensors that are fitted. */
  readonly sensors: readonly string[];
  /** Topics of the actuators. */
  readonly actuators: readonly string[];
  /** What the `count`th reading of a sensor shows. */
  read(topic: string, count: number): ClownReading;
  /** Sets what a sensor measures from now on, and returns its topic. */
  measure(quantity: ClownQuantity, value: number): string;
  /** State of an actuator, or `undefined` if there is none. */
  get(actuator: string): unknown;
  /** Changes the state of an actuator; `false` for what it does not take. */
  set(actuator: string, payload: unknown): boolean;
}

interface SensorKind {
  readonly topic: string;
  readonly quantities: Readonly<Partial<Record<ClownQuantity, readonly [number, string]>>>;
}

/** Assumed: all names and addresses but the thermometer's, and what is measured at first. */
const sensorKinds: Readonly<Record<ClownSensor, SensorKind>> = {
  thermometer: { topic: "thermometer/i2c0-48", quantities: { temperature: [23.5, "\u2103"] } },
  "humidity-sensor": {
    topic: "humidity-sensor/i2c0-40",
    quantities: { "relative-humidity": [45, "%"] },
  },
  "lux-meter": { topic: "lux-meter/i2c0-44", quantities: { illuminance: [320, "lux"] } },
  barometer: {
    topic: "barometer/i2c0-60",
    quantities: { altitude: [230, "m"], pressure: [98.6, "kPa"] },
  },
  "co2-sensor": { topic: "co2-sensor/i2c0-38", quantities: { concentration: [640, "ppm"] } },
};

const ledStates: readonly unknown[] = ["off", "on", "1-dot", "2-dot", "3-dot"];

/** Characters in a line of the display. */
const displayColumns = 21;

const relay = /^relay\/i2c0-3[bf]$/;

/** Makes the nodes as they are after power-on. */
export function createClownNodes(fitted: readonly ClownSensor[]): ClownNodes {
  const kinds = fitted.map((name) => sensorKinds[name]);
  const measured = new Map<ClownQuantity, number>();
  const states = new Map<string, unknown>([
    ["relay/i2c0-3b", { state: false }],
    ["relay/i2c0-3f", { state: false }],
    ["led/-", { state: "off" }],
    ["display-oled/i2c0-3c", {}],
    ["i2c/0", {}],
    ["i2c/1", {}],
  ]);

  return {
    sensors: kinds.map(({ topic }) => topic),
    actuators: [...states.keys()].filter((name) => !name.startsWith("i2c/")),
    read(topic, count) {
      const kind = kinds.find((kind) => kind.topic === topic);
      const entries = Object.entries(kind?.quantities ?? {}).map(([quantity, [initial, unit]]) => {
        // A room that warms up slowly and cools down again.
        const drift = quantity === "temperature" ? (count % 8) / 10 : 0;
        const value = measured.get(quantity as ClownQuantity) ?? initial + drift;
        return [quantity, [value, unit]] as const;
      });
      return Object.fromEntries(entries);
    },
    measure(quantity, value) {
      const kind = kinds.find(({ quantities }) => quantities[quantity] !== undefined);
      if (kind === undefined) throw new SandboxError("ERR_OPTION", notMeasured(quantity));
      measured.set(quantity, value);
      return kind.topic;
    },
    get: (actuator) => states.get(actuator),
    set(actuator, payload) {
      if (!states.has(actuator)) return false;
      const state = acceptedState(actuator, payload, states.get(actuator));
      if (state !== undefined) states.set(actuator, state);
      return state !== undefined;
    },
  };
}

function notMeasured(quantity: string): string {
  const able = Object.entries(sensorKinds).find(([, { quantities }]) =>
    Object.hasOwn(quantities, quantity),
  );
  return able === undefined
    ? `no sensor measures ${JSON.stringify(quantity)}: expected temperature, relative-humidity, illuminance, altitude, pressure or concentration`
    : `no sensor of the hub measures ${quantity}: add "${able[0]}" to the option sensors`;
}

/** The state that an actuator takes on, or `undefined` when the payload is none for it. */
function acceptedState(actuator: string, payload: unknown, before: unknown): object | undefined {
  const state = field(payload, "state");
  if (relay.test(actuator)) return typeof state === "boolean" ? { state } : undefined;
  if (actuator === "led/-") return ledStates.includes(state) ? { state } : undefined;
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return undefined;
  // Assumed: a bus takes any settings.
  return actuator.startsWith("i2c/") ? payload : displayState(payload, before);
}

/** A display shows text line by line, or a picture. */
function displayState(payload: object, before: unknown): object | undefined {
  const raw = field(payload, "raw");
  if (raw !== undefined) return typeof raw === "string" ? { raw } : undefined;
  const lines = Object.entries(payload).filter(([name]) => /^line-\d$/.test(name));
  if (lines.length === 0 || lines.some(([, text]) => typeof text !== "string")) return undefined;
  const shown = lines.map(([name, text]) => [name, String(text).slice(0, displayColumns)]);
  const kept = field(before, "raw") === undefined ? before : {};
  return { ...(kept as object), ...Object.fromEntries(shown) };
}

import {
  createClownHub,
  createDeconz,
  createEcho,
  createNetzer,
  createTurbulenzChat,
  type SimulatedDevice,
  type SimulatorServer,
} from "../simulators/index.ts";
import type { SimulateCommand, SimulatorName } from "./simulate-options.ts";
import { UsageError } from "./usage-error.ts";

/** A simulator as the command shows it. */
export interface Simulation {
  readonly device: SimulatedDevice;
  /** What clients are given, once it is served. */
  urls(server: SimulatorServer): readonly string[];
  /** What can be typed to make something happen. */
  readonly actions: readonly Action[];
}

/** Something that happens at a device. */
export interface Action {
  readonly name: string;
  /** Names of its arguments: those in brackets may be left out, and the last one takes the rest of the line. */
  readonly parameters: readonly string[];
  /** @throws {UsageError} and whatever the device throws for an argument that it does not take */
  run(...args: readonly string[]): void;
}

/** Makes the simulation that a command line asks for. */
export function createSimulation(command: SimulateCommand): Simulation {
  const simulation = creators[command.simulator](command);
  return { ...simulation, actions: [...simulation.actions, ...commonActions(simulation.device)] };
}

const creators: Readonly<Record<SimulatorName, (command: SimulateCommand) => Simulation>> = {
  netzer({ secondConnection }) {
    const device = createNetzer(defined({ secondConnection }));
    return {
      device,
      urls: ({ origin }) => [`${origin}${device.path}`],
      actions: [action("set", ["IO", "VALUE"], (io, value) => device.setInput(number(io), value))],
    };
  },
  "clown-hub"({ user, password, interval }) {
    const device = createClownHub(defined({ user, password, publishInterval: interval }));
    return {
      device,
      urls: ({ origin }) => [device.url(origin)],
      actions: [
        action("measure", ["QUANTITY", "VALUE"], (quantity, value) =>
          // What is no quantity is refused by name.
          device.measure(quantity as Parameters<typeof device.measure>[0], number(value)),
        ),
      ],
    };
  },
  deconz({ apiKey }) {
    const device = createDeconz(defined({ apiKey }));
    return {
      device,
      urls: ({ httpOrigin, furtherOrigins }) => [
        `${httpOrigin}/api/${device.apiKey}/config`,
        ...furtherOrigins,
      ],
      actions: [
        action("press", ["EVENT"], (event) => device.buttonEvent(number(event))),
        action("presence", ["on|off"], (state) => device.presence(isOn(state))),
        action("available", ["on|off"], (state) => device.setAvailable(isOn(state))),
      ],
    };
  },
  "turbulenz-chat"() {
    const device = createTurbulenzChat();
    return {
      device,
      urls: ({ origin }) => [`${origin}${device.path}`],
      actions: [
        action("say", ["NAME", "TEXT"], (name, text) => device.say(name, text)),
        action("join", ["NAME"], (name) => device.join(name)),
        action("leave", ["NAME"], (name) => device.leave(name)),
        action("kick", ["NAME", "[REASON]"], (name, reason) => device.kick(name, reason)),
        action("restart", [], () => device.restart()),
      ],
    };
  },
  echo() {
    const device = createEcho();
    return {
      device,
      urls: ({ origin }) => [origin],
      actions: [
        action("send", ["TEXT"], (text) => device.send(text)),
        action("close", ["[CODE]"], (code) =>
          device.closeAll(code === undefined ? 1000 : number(code)),
        ),
      ],
    };
  },
};

function commonActions(device: SimulatedDevice): readonly Action[] {
  return [
    action("silence", [], () => device.goSilent()),
    action("drop", [], () => device.drop()),
    action("unplug", [], () => device.unplug()),
    action("plug", [], () => device.plugIn()),
    action("power-cycle", [], () => device.powerCycle()),
  ];
}

/** Arguments as the parameters say: those in brackets may be missing. */
function action<const Parameters extends readonly string[]>(
  name: string,
  parameters: Parameters,
  run: (
    ...args: {
      [Index in keyof Parameters]: Parameters[Index] extends `[${string}]`
        ? string | undefined
        : string;
    }
  ) => void,
): Action {
  // Whoever runs an action has checked that it has the arguments.
  return { name, parameters, run };
}

function number(text: string): number {
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return Number(text);
  throw new UsageError(`expected a number, got ${JSON.stringify(text)}`);
}

function isOn(text: string): boolean {
  if (text === "on" || text === "off") return text === "on";
  throw new UsageError(`expected on or off, got ${JSON.stringify(text)}`);
}

/** Without the options that were not given. */
function defined<Options extends object>(
  options: Options,
): { [Name in keyof Options]?: Exclude<Options[Name], undefined> } {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  // Proven by the line above.
  return Object.fromEntries(given) as { [Name in keyof Options]?: never };
}

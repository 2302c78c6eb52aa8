import { createDeconzConfig, type DeconzErrorType } from "./deconz-config.ts";
import { createDevice, extendDevice, type SimulatedDevice } from "./device.ts";
import type { SimulatedPeer, SimulatedPort } from "./simulator.ts";

/** Options of {@link createDeconz}. */
export interface DeconzOptions {
  /** The API key that it knows. @defaultValue `"0123456789"` */
  readonly apiKey?: string;
  /** Port of the WebSockets, in memory; a real server takes one of its own. The configuration tells either. @defaultValue 443 */
  readonly websocketPort?: number;
  /** What the configuration says of `websocketport_wss`. @defaultValue not there, as in older versions */
  readonly websocketPortWss?: number;
  /**
   * What the configuration says of `websocketnotifyall`; when `false`, `attr` and `config` are not pushed. Assumed.
   *
   * @defaultValue true
   */
  readonly websocketNotifyAll?: boolean;
  /** Further members of the configuration. @defaultValue `{ name: "Simulated gateway" }` */
  readonly config?: Readonly<Record<string, unknown>>;
  /** `uniqueid` of resources, by resource and id, for example `{ "sensors/2": "00:15:8d:00:02:b4:1a:6e-01-0006" }`. @defaultValue none */
  readonly uniqueIds?: Readonly<Record<string, string>>;
  /** Id of the sensor that {@link Deconz.press} and its like stand for. @defaultValue `"2"` */
  readonly buttonSensor?: string;
  /** Id of the sensor that {@link Deconz.presence} stands for. @defaultValue `"3"` */
  readonly presenceSensor?: string;
  /** Type of the error that a gateway which is not ready answers with. Assumed. @defaultValue 4 */
  readonly unavailableErrorType?: DeconzErrorType;
}

/** Collections of resources. */
export type DeconzResource = "sensors" | "lights" | "groups" | "scenes";

/** What changed of a resource; each member is pushed in a message of its own. */
export interface DeconzChange {
  readonly state?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly attr?: Readonly<Record<string, unknown>>;
}

/** A simulated deCONZ gateway: HTTP at its own port, WebSockets at the one of {@link Deconz.ports}. */
export interface Deconz extends SimulatedDevice {
  readonly ports: readonly [SimulatedPort];
  readonly apiKey: string;
  /** Sends a `buttonevent`: the button's number times 1,000, and 1 for hold, 2 for a short press, 3 for the release after a hold. */
  buttonEvent(code: number): void;
  /** Presses a button for a moment. @defaultValue button 1 */
  press(button?: number): void;
  /** Holds a button down. @defaultValue button 1 */
  hold(button?: number): void;
  /** Releases a button that was held. @defaultValue button 1 */
  release(button?: number): void;
  /** The motion sensor sees somebody, or nobody any more. */
  presence(isPresent: boolean): void;
  /** A resource was heard of: `attr` with `lastseen`, alone. */
  lastSeen(resource: DeconzResource, id: string, time: string): void;
  /** Tells what changed of a resource. */
  change(resource: DeconzResource, id: string, change: DeconzChange): void;
  /** A resource has been added; of sensors and lights the whole of it is sent. */
  add(resource: DeconzResource, id: string, whole?: Readonly<Record<string, unknown>>): void;
  remove(resource: DeconzResource, id: string): void;
  recallScene(groupId: string, sceneId: string): void;
  /** Whether requests are answered with 503, as while the gateway starts. */
  setAvailable(isAvailable: boolean): void;
}

/**
 * Makes a deCONZ gateway with its REST plugin: `GET /api/<apikey>/config` tells the port of the WebSockets, and every event goes to all
 * clients there. It never pings, and ignores what clients send.
 *
 * {@link SimulatedDevice.goSilent} is what hurts its users: the connection is dead and looks open.
 *
 * @example
 * const deconz = createDeconz({ apiKey: "ABCDEF" });
 * const server = await serveSimulator(deconz, { port: 8080 });
 * deconz.buttonEvent(1002);
 */
export function createDeconz(options: DeconzOptions = {}): Deconz {
  const { buttonSensor = "2", presenceSensor = "3", websocketNotifyAll = true } = options;
  const apiKey = options.apiKey ?? "0123456789";
  const clients = new Set<SimulatedPeer>();
  let isAvailable = true;

  const device = createDevice({
    converse: (peer) => ({
      opened: () => clients.add(peer),
      ended: () => clients.delete(peer),
    }),
    request: createDeconzConfig({
      apiKey,
      isAvailable: () => isAvailable,
      unavailableErrorType: options.unavailableErrorType ?? 4,
      config: () => ({
        name: "Simulated gateway",
        ...options.config,
        websocketport: port.port,
        websocketnotifyall: websocketNotifyAll,
        ...(options.websocketPortWss === undefined
          ? {}
          : { websocketport_wss: options.websocketPortWss }),
      }),
    }),
    reset() {
      isAvailable = true;
    },
  });
  const { connect } = device;
  const port: SimulatedPort = { port: options.websocketPort ?? 443, simulator: { connect } };

  function broadcast(event: string, members: object): void {
    const message = JSON.stringify({ t: "event", e: event, ...members });
    for (const client of clients) client.send(message);
  }

  function identity(resource: DeconzResource, id: string): object {
    const uniqueid = options.uniqueIds?.[`${resource}/${id}`];
    return { r: resource, id, ...(uniqueid === undefined ? {} : { uniqueid }) };
  }

  function change(resource: DeconzResource, id: string, changed: DeconzChange): void {
    for (const name of ["state", "config", "attr"] as const) {
      if (changed[name] === undefined || (name !== "state" && !websocketNotifyAll)) continue;
      broadcast("changed", { ...identity(resource, id), [name]: changed[name] });
    }
  }

  function buttonEvent(code: number): void {
    change("sensors", buttonSensor, { state: { buttonevent: code } });
  }

  const gateway = extendDevice(device, {
    ports: [port] as const,
    apiKey,
    buttonEvent,
    press: (button = 1) => buttonEvent(button * 1_000 + 2),
    hold: (button = 1) => buttonEvent(button * 1_000 + 1),
    release: (button = 1) => buttonEvent(button * 1_000 + 3),
    presence: (presence: boolean) => change("sensors", presenceSensor, { state: { presence } }),
    change,
    lastSeen: (resource: DeconzResource, id: string, lastseen: string) =>
      change(resource, id, { attr: { lastseen } }),
    add(resource: DeconzResource, id: string, whole: Readonly<Record<string, unknown>> = {}): void {
      const member = { sensors: "sensor", lights: "light", groups: undefined, scenes: undefined }[
        resource
      ];
      broadcast("added", {
        ...identity(resource, id),
        ...(member === undefined ? {} : { [member]: whole }),
      });
    },
    remove: (resource: DeconzResource, id: string) => broadcast("deleted", identity(resource, id)),
    recallScene: (gid: string, scid: string) =>
      broadcast("scene-called", { r: "scenes", gid, scid }),
    setAvailable(wanted: boolean): void {
      isAvailable = wanted;
    },
  });
  // WebSockets are at the other port.
  return Object.assign(gateway, {
    connect: (peer: SimulatedPeer) => peer.refuse({ status: 404 }),
  });
}

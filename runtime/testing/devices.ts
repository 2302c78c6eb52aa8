import type { TestEvent } from "../../src/script-test/protocol.ts";
import type { Channel, Data } from "./channel.ts";
import { show } from "./show.ts";

/** What a test says of a device. */
export interface DeviceHandlers {
  /** Takes a connection; it is accepted afterwards, unless the handler did either itself. */
  onconnect?(socket: DeviceSocket): void;
  onmessage?(socket: DeviceSocket, data: Data): void;
  onclose?(socket: DeviceSocket, code: number, reason: string): void;
  onpong?(socket: DeviceSocket): void;
  /** Answers an HTTP request. */
  onrequest?(request: DeviceRequest): DeviceResponse | Promise<DeviceResponse>;
}

/** An HTTP request as the device sees it. */
export interface DeviceRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A device's answer: a text, or all of it. */
export type DeviceResponse =
  | string
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: Data;
    };

/** All devices of a test. */
export class Devices {
  readonly #channel: () => Channel;
  readonly #failed: (error: unknown) => void;
  readonly #devices: Device[] = [];
  readonly #origins = new Set<string>();
  readonly #sockets = new Map<number, { readonly socket: DeviceSocket; readonly device: Device }>();

  /** `failed` is told what handlers throw. */
  constructor(channel: () => Channel, failed: (error: unknown) => void) {
    this.#channel = channel;
    this.#failed = failed;
  }

  create(origin: string, handlers: DeviceHandlers = {}): Device {
    if (typeof origin !== "string" || !/^(?:wss?|https?):\/\/[^/?#]+\/?$/.test(origin)) {
      throw new TypeError(
        `device() takes an origin, for example "ws://lamp.test", got ${show(origin)}; its paths are told to onconnect(socket) by socket.url`,
      );
    }
    if (typeof handlers !== "object" || handlers === null) {
      throw new TypeError(`device() takes an object of handlers, got ${show(handlers)}`);
    }
    for (const name of Object.keys(handlers)) {
      if (!handlerNames.includes(name)) {
        throw new TypeError(
          `${name} is no handler of a device; expected ${handlerNames.join(", ")}`,
        );
      }
    }
    const known = origin.toLowerCase().replace(/\/$/, "");
    if (this.#origins.has(known)) throw new Error(`The device ${show(origin)} is declared already`);
    this.#origins.add(known);
    const device = new Device(handlers);
    this.#devices.push(device);
    this.#channel().say({ op: "device", device: this.#devices.length - 1, origin });
    return device;
  }

  hear(event: TestEvent, bytes: Uint8Array): void {
    try {
      this.#handle(event, bytes);
    } catch (error) {
      this.#failed(error);
    }
  }

  #handle(event: TestEvent, bytes: Uint8Array): void {
    switch (event.op) {
      case "connect": {
        const device = this.#devices[event.device];
        const socket = new DeviceSocket(event, this.#channel());
        if (device === undefined) return;
        this.#sockets.set(event.peer, { socket, device });
        device.hearConnection(socket);
        break;
      }
      case "message": {
        const known = this.#sockets.get(event.peer);
        const data = event.bytes === true ? bytes : (event.text ?? "");
        known?.device.hearMessage(known.socket, data);
        break;
      }
      case "closed": {
        const known = this.#sockets.get(event.peer);
        known?.device.handlers.onclose?.(known.socket, event.code, event.reason);
        break;
      }
      case "pong": {
        const known = this.#sockets.get(event.peer);
        known?.device.handlers.onpong?.(known.socket);
        break;
      }
      case "request":
        void this.#answer(event, bytes);
        break;
      case "list":
      case "run":
      case "result":
        break;
    }
  }

  async #answer(
    event: Extract<TestEvent, { readonly op: "request" }>,
    body: Uint8Array,
  ): Promise<void> {
    const { method, url, headers, request } = event;
    const device = this.#devices[event.device];
    let response: DeviceResponse = { status: 404 };
    try {
      response = (await device?.handlers.onrequest?.({ method, url, headers, body })) ?? response;
    } catch (error) {
      this.#failed(error);
      response = { status: 500 };
    }
    const { body: data = "", ...rest } =
      typeof response === "string" ? { body: response } : response;
    const call = { op: "respond", request, ...rest } as const;
    if (typeof data === "string") this.#channel().say({ ...call, text: data });
    else this.#channel().say({ ...call, bytes: true }, data);
  }
}

const handlerNames: readonly string[] = [
  "onconnect",
  "onmessage",
  "onclose",
  "onpong",
  "onrequest",
];

/** A simulated device, as the test sees it. */
export class Device {
  readonly handlers: DeviceHandlers;
  /** Connections so far, the closed ones too. */
  readonly sockets: DeviceSocket[] = [];
  /** Everything that scripts have sent, over all connections, in order. */
  readonly received: Data[] = [];
  #nextMessage = 0;
  #waiters: ((data: Data) => void)[] = [];
  #connectionWaiters: ((socket: DeviceSocket) => void)[] = [];

  constructor(handlers: DeviceHandlers) {
    this.handlers = handlers;
  }

  /** The latest connection. */
  get socket(): DeviceSocket {
    const socket = this.sockets.at(-1);
    if (socket !== undefined) return socket;
    throw new Error(
      "No script has connected to the device yet; await device.connection() waits for one",
    );
  }

  /** For the library. */
  hearConnection(socket: DeviceSocket): void {
    this.sockets.push(socket);
    this.handlers.onconnect?.(socket);
    if (socket.isWaiting) socket.accept();
    for (const resolve of this.#connectionWaiters.splice(0)) resolve(socket);
  }

  /** For the library. */
  hearMessage(socket: DeviceSocket, data: Data): void {
    this.received.push(data);
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      this.#nextMessage++;
      waiter(data);
    }
    this.handlers.onmessage?.(socket, data);
  }

  /** The next message that was not waited for yet. */
  message(): Promise<Data> {
    const data = this.received[this.#nextMessage];
    if (data !== undefined) {
      this.#nextMessage++;
      return Promise.resolve(data);
    }
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** The next connection. */
  connection(): Promise<DeviceSocket> {
    return new Promise((resolve) => this.#connectionWaiters.push(resolve));
  }

  /** Sends on the latest connection, see {@link DeviceSocket.send}. */
  send(data: unknown): void {
    this.socket.send(data);
  }

  /** Closes the latest connection. */
  close(code?: number, reason?: string): void {
    this.socket.close(code, reason);
  }

  /** Drops the latest connection, see {@link DeviceSocket.drop}. */
  drop(): void {
    this.socket.drop();
  }

  /** Silences the latest connection, see {@link DeviceSocket.silence}. */
  silence(): void {
    this.socket.silence();
  }
}

/** One connection of a device. */
export class DeviceSocket {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly #peer: number;
  readonly #channel: Channel;
  #isWaiting = true;

  constructor(event: Extract<TestEvent, { readonly op: "connect" }>, channel: Channel) {
    this.url = event.url;
    this.protocols = event.protocols;
    this.headers = event.headers;
    this.#peer = event.peer;
    this.#channel = channel;
  }

  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Ends the handshake well; by default with the first subprotocol that is offered. */
  accept(options: { readonly protocol?: string } = {}): void {
    const protocol = options.protocol ?? this.protocols[0];
    this.#isWaiting = false;
    this.#channel.say({
      op: "accept",
      peer: this.#peer,
      ...(protocol === undefined ? {} : { protocol }),
    });
  }

  refuse(options: { readonly status?: number } = {}): void {
    this.#isWaiting = false;
    this.#channel.say({ op: "refuse", peer: this.#peer, status: options.status ?? 403 });
  }

  /** Sends text, bytes, or anything else as JSON. */
  send(data: unknown): void {
    const peer = this.#peer;
    if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) {
      const bytes =
        data instanceof ArrayBuffer
          ? new Uint8Array(data)
          : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      this.#channel.say({ op: "send", peer, bytes: true }, bytes);
    } else {
      this.#channel.say({
        op: "send",
        peer,
        text: typeof data === "string" ? data : JSON.stringify(data),
      });
    }
  }

  close(code?: number, reason?: string): void {
    this.#channel.say({
      op: "close",
      peer: this.#peer,
      ...(code === undefined ? {} : { code }),
      ...(reason === undefined ? {} : { reason }),
    });
  }

  ping(): void {
    this.#channel.say({ op: "ping", peer: this.#peer });
  }

  /** Ends the connection without a close frame, as a process that dies. */
  drop(): void {
    this.#isWaiting = false;
    this.#channel.say({ op: "drop", peer: this.#peer });
  }

  /** Says and hears nothing any more, as when a cable is pulled. */
  silence(): void {
    this.#isWaiting = false;
    this.#channel.say({ op: "silence", peer: this.#peer });
  }
}

import type { Clock } from "../clock.ts";
import type { SimulatedPeer, SimulatedResponse, Simulator } from "../simulators/simulator.ts";
import { simulatedTransport } from "../testing/simulated-transport.ts";
import type {
  Transport,
  TransportConnection,
  TransportRequest,
  TransportSink,
} from "../transport/transport.ts";
import { runnerUrl, type TestCall, type TestEvent } from "./protocol.ts";
import { readCall } from "./read-call.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Options of {@link TestNetwork}. */
export interface TestNetworkOptions {
  readonly clock: Clock;
  /** Gets the calls that are not about devices. */
  heard(call: TestCall): void;
  /** Is told when the library says what it never would. */
  tampered(problem: string): void;
}

/** The network of one test: its devices, whose handlers are in the sandbox, and the way to the runner. */
export class TestNetwork implements Transport {
  readonly #options: TestNetworkOptions;
  readonly #devices = new Map<string, Simulator>();
  readonly #peers = new Map<number, SimulatedPeer>();
  readonly #requests = new Map<number, (response: SimulatedResponse) => void>();
  #nextId = 1;
  #runner: TransportSink | undefined;
  #incomplete: TestCall | undefined;

  constructor(options: TestNetworkOptions) {
    this.#options = options;
  }

  connect(request: TransportRequest, sink: TransportSink): TransportConnection {
    // Only the library's own: it is the first to connect.
    if (request.url === runnerUrl && this.#runner === undefined) return this.#connectRunner(sink);
    return this.#simulated().connect(request, sink);
  }

  request(
    ...[request, sink]: Parameters<NonNullable<Transport["request"]>>
  ): ReturnType<NonNullable<Transport["request"]>> {
    return this.#simulated().request(request, sink);
  }

  /** Sends an event to the library, with binary data behind it. */
  tell(event: TestEvent, bytes?: Bytes): void {
    this.#runner?.text(JSON.stringify(event));
    if (bytes !== undefined) this.#runner?.binary(bytes);
  }

  #simulated(): Required<Transport> {
    // Tests declare devices at any time.
    return simulatedTransport(Object.fromEntries(this.#devices), { clock: this.#options.clock });
  }

  #connectRunner(sink: TransportSink): TransportConnection {
    this.#runner = sink;
    this.#options.clock.schedule(() => sink.opened({ protocol: "", extensions: "" }), 0);
    let isOver = false;
    const end = (code: number, wasClean: boolean): void => {
      if (isOver) return;
      isOver = true;
      this.#options.clock.schedule(() => sink.closed({ code, reason: "", wasClean }), 0);
    };
    return {
      send: (data) => {
        const size = typeof data === "string" ? Buffer.byteLength(data) : data.byteLength;
        this.#hear(data);
        queueMicrotask(() => {
          if (!isOver) sink.sent(size);
        });
      },
      close: (code = 1005) => end(code, true),
      abort: () => end(1006, false),
      pause() {},
      resume() {},
    };
  }

  #hear(data: string | Bytes): void {
    if (typeof data !== "string") {
      const call = this.#incomplete;
      this.#incomplete = undefined;
      if (call !== undefined) this.#act(call, data);
      return;
    }
    const call = readCall(data);
    if (call === undefined) this.#options.tampered("a message that is none of its own");
    else if ("bytes" in call && call.bytes) this.#incomplete = call;
    else this.#act(call, undefined);
  }

  #act(call: TestCall, bytes: Bytes | undefined): void {
    switch (call.op) {
      case "device":
        this.#addDevice(call.device, call.origin);
        break;
      case "accept":
        this.#peers
          .get(call.peer)
          ?.accept(call.protocol === undefined ? {} : { protocol: call.protocol });
        break;
      case "refuse":
        this.#peers.get(call.peer)?.refuse({ status: call.status });
        break;
      case "send":
        this.#peers.get(call.peer)?.send(bytes ?? call.text ?? "");
        break;
      case "close":
        this.#peers.get(call.peer)?.close(call.code, call.reason);
        break;
      case "ping":
      case "drop":
      case "silence":
        this.#peers.get(call.peer)?.[call.op]();
        break;
      case "respond": {
        const { request, status = 200, headers = {} } = call;
        this.#requests.get(request)?.({ status, headers, body: bytes ?? call.text ?? "" });
        this.#requests.delete(request);
        break;
      }
      case "tests":
      case "done":
      case "advance":
      case "runAll":
      case "load":
        this.#options.heard(call);
        break;
    }
  }

  #addDevice(device: number, origin: string): void {
    if (URL.canParse(origin)) {
      this.#devices.set(new URL(origin).origin, {
        connect: (peer) => this.#connected(device, peer),
        request: (request) =>
          new Promise((resolve) => {
            const id = this.#nextId++;
            this.#requests.set(id, resolve);
            const { method, url, headers, body } = request;
            this.tell(
              { op: "request", request: id, device, method, url: url.href, headers, bytes: true },
              body,
            );
          }),
      });
    } else this.#options.tampered(`the device ${JSON.stringify(origin)}, which is no origin`);
  }

  #connected(device: number, peer: SimulatedPeer): void {
    const id = this.#nextId++;
    const { url, protocols, headers } = peer;
    this.#peers.set(id, peer);
    peer.onmessage = (data) => {
      if (typeof data === "string") this.tell({ op: "message", peer: id, text: data });
      else this.tell({ op: "message", peer: id, bytes: true }, data);
    };
    peer.onpong = () => this.tell({ op: "pong", peer: id });
    peer.onclose = (code, reason) => {
      this.#peers.delete(id);
      this.tell({ op: "closed", peer: id, code, reason });
    };
    this.tell({ op: "connect", peer: id, device, url: url.href, protocols, headers });
  }
}

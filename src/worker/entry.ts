import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../clock.ts";
import type { CompiledEngine } from "../engine/compiled-engine.ts";
import { createLocalSandbox, type LocalSandbox } from "../local-sandbox.ts";
import type { ConnectionRequest, NetworkPolicy, Verdict } from "../policy/policy.ts";
import { wsTransport } from "../transport/ws.ts";
import { packError } from "./error-data.ts";
import type { FromWorker, ToWorker, WorkerOptions } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { RemoteTransport } from "./remote-transport.ts";
import { Cell } from "./shared-state.ts";

if (parentPort === null) throw new Error("This module is the entry of a worker thread");
const port = parentPort;

main(workerData as WorkerOptions);

/** The sandbox's thread: engine, network and clock together; see `worker-sandbox.ts` for the other end. */
function main(options: WorkerOptions): void {
  const state = new Int32Array(options.shared);
  const outbox = new Outbox({
    state,
    maxBacklog: options.limits.maxEventBacklog,
    post,
    waited: (ms) => sandbox?.extendTurn(ms),
  });
  const remoteTransport = new RemoteTransport(post);
  const verdicts = new RemoteVerdicts();
  let sandbox: LocalSandbox | undefined;

  port.on("message", (message: ToWorker) => {
    switch (message.type) {
      case "start":
        void start(message.compiled);
        break;
      case "run":
        answer(message.call, sandbox?.run(message.source, message.name, message.kind));
        break;
      case "idle":
        answer(message.call, sandbox?.idle());
        break;
      case "usage":
        answer(message.call, Promise.resolve(sandbox?.usage()));
        break;
      case "close":
        void sandbox?.close();
        break;
      case "verdict":
        verdicts.settle(message.request, message.verdict);
        break;
      default:
        remoteTransport.receive(message);
    }
  });

  async function start(compiled: CompiledEngine): Promise<void> {
    try {
      sandbox = await createLocalSandbox({
        ...options,
        policy: options.policy ?? verdicts.policy,
        clock: systemClock,
        transport: options.isTransportOutside ? remoteTransport : wsTransport(),
        compiled,
        watch: watchTurns(state),
        emit: options.isObserved ? (event) => outbox.add(event) : () => {},
        closed(error) {
          send({ type: "closed", error: error === undefined ? undefined : packError(error) });
          // Nothing may keep the thread once its sandbox is gone.
          port.close();
        },
      });
      send({ type: "started" });
    } catch (error) {
      send({ type: "closed", error: packError(error) });
    }
  }

  function answer(call: number, result: Promise<unknown> | undefined): void {
    result?.then(
      (value) => send({ type: "answer", call, value: value as undefined }),
      (error: unknown) => send({ type: "failure", call, error: packError(error) }),
    );
  }

  /** Posts after the events that came before. */
  function send(message: FromWorker): void {
    outbox.flush();
    post(message);
  }
}

function post(message: FromWorker): void {
  port.postMessage(message);
}

/** Lets the watchdog outside see every turn. */
function watchTurns(state: Int32Array): { begin(): void; end(): void } {
  return {
    begin() {
      Atomics.add(state, Cell.Turn, 1);
      if (Atomics.compareExchange(state, Cell.Watched, 0, 1) === 0) post({ type: "busy" });
    },
    end() {
      Atomics.add(state, Cell.Turn, 1);
    },
  };
}

/** Asks the embedder's policy function, which lives outside, once per connection. */
class RemoteVerdicts {
  readonly #waiting = new Map<number, (verdict: Verdict | undefined) => void>();
  #next = 1;

  readonly policy: NetworkPolicy = (request: ConnectionRequest) => {
    const id = this.#next;
    this.#next += 1;
    const { url, protocols, hasUrlCredentials, signal } = request;
    post({ type: "decide", request: id, url: url.href, protocols, hasUrlCredentials });
    signal.addEventListener("abort", () => {
      if (this.#waiting.delete(id)) post({ type: "undecide", request: id });
    });
    return new Promise<Verdict>((resolve, reject) => {
      this.#waiting.set(id, (verdict) => {
        if (verdict === undefined) reject(new Error("The policy function failed"));
        else resolve(verdict);
      });
    });
  };

  settle(id: number, verdict: Verdict | undefined): void {
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    settle?.(verdict);
  }
}

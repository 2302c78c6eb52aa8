import { parentPort } from "node:worker_threads";
import { systemClock } from "../clock.ts";
import { createLocalSandbox, type LocalSandbox } from "../local-sandbox.ts";
import { joinTaskSlots } from "../services/task-slots.ts";
import { lazyTransport } from "../transport/lazy.ts";
import type { Transport } from "../transport/transport.ts";
import { packError } from "./error-data.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { ownThreadId } from "./priority.ts";
import { RemotePolicy } from "./remote-policy.ts";
import { RemoteTransport } from "./remote-transport.ts";
import { Cell } from "./shared-state.ts";

if (parentPort === null) throw new Error("This module is the entry of a worker thread");
const port = parentPort;

port.once("message", (first: ToWorker) => {
  if (first.type === "start") main(first);
});

/** The sandbox's thread: engine, network and clock together; see `worker-sandbox.ts` for the other end. */
function main({ options, compiled, seed }: ToWorker & { readonly type: "start" }): void {
  const state = new Int32Array(options.shared);
  Atomics.store(state, Cell.ThreadId, ownThreadId());
  joinTaskSlots(options.taskSlots, state, Cell.TaskSlots);
  const outbox = new Outbox({
    state,
    maxBacklog: options.limits.maxEventBacklog,
    post,
    waited: (ms) => sandbox?.extendTurn(ms),
  });
  const remoteTransport = new RemoteTransport(post);
  const remotePolicy = new RemotePolicy(post);
  let sandbox: LocalSandbox | undefined;

  void start();
  port.on("message", (message: ToWorker) => {
    switch (message.type) {
      case "run":
        answer(message.call, sandbox?.run(message.source, message.name, message.kind));
        break;
      case "idle":
        answer(message.call, sandbox?.idle());
        break;
      case "usage":
        answer(message.call, sandbox?.usage());
        break;
      case "policy":
        answer(message.call, sandbox?.setPolicy(message.policy ?? remotePolicy.decide));
        break;
      case "online":
        answer(message.call, sandbox?.setOnline(message.online));
        break;
      case "close":
        void sandbox?.close();
        break;
      case "verdict":
        remotePolicy.decided(message.request, message.verdict);
        break;
      case "undecided":
        remotePolicy.failed(message.request, message.message);
        break;
      case "start":
        break;
      default:
        remoteTransport.receive(message);
    }
  });

  async function start(): Promise<void> {
    try {
      sandbox = await createLocalSandbox({
        ...options,
        policy: options.policy ?? remotePolicy.decide,
        clock: systemClock,
        transport: options.isTransportOutside ? remoteTransport : lazyTransport(loadWs),
        compiled,
        seed,
        watch: watchTurns(state),
        // What a script printed is seen also while it does not yield.
        whileRunning: () => outbox.flush(),
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

async function loadWs(): Promise<Transport> {
  const { warmWsTransport } = await import("../transport/warm-up.ts");
  return warmWsTransport();
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

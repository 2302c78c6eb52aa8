import type { FailureStage } from "../../src/events.ts";
import type { CloseInfo, Handshake, TransportSink } from "../../src/transport/transport.ts";

/** A sink that writes down what it is told and lets a test wait for it. */
export interface RecordingSink extends TransportSink {
  /** For example `"opened"`, `"text hello"`, `"binary [1 2]"`, `"closed 1000"`. */
  readonly log: readonly string[];
  /** Payload bytes that have left. */
  readonly sentBytes: number;
  /** Every `received`, in order. */
  readonly pending: readonly number[];
  /** Every stage of the handshake that was reached, in order. */
  readonly stages: readonly FailureStage[];
  readonly whenOpened: Promise<Handshake>;
  readonly whenClosed: Promise<CloseInfo>;
  /** Settles with the log once it has `count` messages. */
  messages(count: number): Promise<readonly string[]>;
}

/** Creates a sink. */
export function createRecordingSink(): RecordingSink {
  const log: string[] = [];
  const received: string[] = [];
  const waiting = new Set<() => void>();
  const pending: number[] = [];
  const stages: FailureStage[] = [];
  let sentBytes = 0;
  const opened = deferred<Handshake>();
  const closed = deferred<CloseInfo>();
  function receive(message: string): void {
    log.push(message);
    received.push(message);
    for (const wake of waiting) wake();
  }
  return {
    log,
    get sentBytes() {
      return sentBytes;
    },
    pending,
    stages,
    reached: (stage) => stages.push(stage),
    received: (bytes) => pending.push(bytes),
    whenOpened: opened.promise,
    whenClosed: closed.promise,
    async messages(count) {
      while (received.length < count) {
        await new Promise<void>((resolve) => {
          waiting.add(resolve);
        });
      }
      return received;
    },
    opened(handshake) {
      log.push("opened");
      opened.resolve(handshake);
    },
    text: (data) =>
      receive(
        `text ${typeof data === "string" ? data : new TextDecoder("utf-8", { ignoreBOM: true }).decode(data)}`,
      ),
    binary: (data) => receive(`binary [${data.join(" ")}]`),
    sent(bytes) {
      sentBytes += bytes;
    },
    closed(close) {
      log.push(`closed ${close.code}`);
      closed.resolve(close);
    },
  };
}

/** A promise and what settles it. */
export function deferred<Value>(): {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
} {
  let settle: (value: Value) => void = () => {
    // Replaced before the constructor of the promise returns.
  };
  const promise = new Promise<Value>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: (value) => settle(value) };
}

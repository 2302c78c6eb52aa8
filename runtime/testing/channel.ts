import { runnerUrl, type TestCall, type TestEvent } from "../../src/script-test/protocol.ts";

// The script under test shares this realm and may change its built-ins: the way to the runner keeps what it needs.
const { parse, stringify } = JSON;
const { apply } = Reflect;

/** What is used of a WebSocket. */
interface Socket {
  binaryType: string;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: string | ArrayBuffer }) => void) | null;
  send(data: string | Uint8Array): void;
}

declare const NetworkDevice: { createWebSocket(url: string): Socket };

/** Bytes or text of a message. */
export type Data = string | Uint8Array;

/** The way to the runner, see `protocol.ts`. */
export interface Channel {
  /** Sends a message, with binary data behind it. */
  say(call: TestCall, bytes?: Uint8Array): void;
  /** Sends a call and waits for its result: the virtual time. */
  ask(call: (id: number) => TestCall): Promise<number>;
}

/** Opens the way to the runner. `hear` gets everything but results; what it throws is the caller's affair. */
export function openChannel(hear: (event: TestEvent, bytes: Uint8Array) => void): Channel {
  const socket = NetworkDevice.createWebSocket(runnerUrl);
  const { send } = socket;
  const calls = new Map<
    number,
    { readonly resolve: (now: number) => void; readonly reject: (error: Error) => void }
  >();
  let nextCall = 1;
  let waiting: (() => void)[] | undefined = [];
  let incomplete: TestEvent | undefined;
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    for (const send of waiting ?? []) send();
    waiting = undefined;
  };
  socket.onmessage = ({ data }) => {
    if (typeof data !== "string") {
      const event = incomplete;
      incomplete = undefined;
      if (event !== undefined) hear(event, new Uint8Array(data));
      return;
    }
    const event: TestEvent = parse(data);
    if (event.op === "result") settle(event);
    else if ("bytes" in event && event.bytes) incomplete = event;
    else hear(event, new Uint8Array());
  };

  function settle({ call, now, error }: Extract<TestEvent, { readonly op: "result" }>): void {
    const waiter = calls.get(call);
    calls.delete(call);
    if (error === undefined) waiter?.resolve(now);
    else waiter?.reject(toError(error));
  }

  function transmit(data: Data): void {
    if (waiting === undefined) apply(send, socket, [data]);
    else waiting.push(() => apply(send, socket, [data]));
  }

  const say: Channel["say"] = (call, bytes) => {
    transmit(stringify(call));
    if (bytes !== undefined) transmit(bytes);
  };
  return {
    say,
    ask(call) {
      const id = nextCall++;
      return new Promise((resolve, reject) => {
        calls.set(id, { resolve, reject });
        say(call(id));
      });
    },
  };
}

/** The script's own exception, as far as it can be told; or the runner's. */
function toError(description: {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}): Error {
  const { name, message, stack } = description;
  const error = new Error(message);
  Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
  // Its own stack would be that of this file.
  Object.defineProperty(error, "stack", { value: stack, configurable: true, writable: true });
  return error;
}

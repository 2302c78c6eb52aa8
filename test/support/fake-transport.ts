import type {
  CloseInfo,
  Transport,
  TransportConnection,
  TransportRequest,
  TransportSink,
} from "../../src/transport/transport.ts";

/** One connection of a {@link FakeTransport}: the test plays the network. */
export interface FakeConnection {
  readonly request: TransportRequest;
  readonly sink: TransportSink;
  /** What was asked of the connection, in order, for example `"send hello"`, `"close 1000 bye"`, `"abort"`. */
  readonly calls: string[];
}

/** A transport without a network. */
export interface FakeTransport extends Transport {
  readonly connections: readonly FakeConnection[];
  /** The latest connection. */
  readonly last: FakeConnection;
}

/** How a connection ends when the peer closes it properly. */
export function cleanClose(code = 1000, reason = ""): CloseInfo {
  return { code, reason, wasClean: true };
}

/** Creates a transport on which nothing happens by itself. */
export function createFakeTransport(): FakeTransport {
  const connections: FakeConnection[] = [];
  return {
    connections,
    get last() {
      const last = connections.at(-1);
      if (last === undefined) throw new Error("nothing has connected");
      return last;
    },
    connect(request, sink): TransportConnection {
      const calls: string[] = [];
      const connection: FakeConnection = { request, sink, calls };
      connections.push(connection);
      return {
        send: (data) =>
          calls.push(`send ${typeof data === "string" ? data : `[${data.join(" ")}]`}`),
        close: (code, reason) => calls.push(`close ${code ?? "-"} ${reason}`.trimEnd()),
        abort: () => calls.push("abort"),
        pause: () => calls.push("pause"),
        resume: () => calls.push("resume"),
      };
    },
  };
}

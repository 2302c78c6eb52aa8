import type {
  CloseInfo,
  HttpExchange,
  HttpHead,
  HttpRequest,
  HttpSink,
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

/** One request of HTTP: the test plays the server. */
export interface FakeExchange {
  readonly request: HttpRequest;
  readonly sink: HttpSink;
  /** What was asked of the exchange, in order. */
  readonly calls: string[];
  /** Answers with status and headers. */
  answer(status?: number, headers?: HttpHead["headers"], address?: string): void;
}

/** A transport without a network. */
export interface FakeTransport extends Transport {
  readonly connections: readonly FakeConnection[];
  /** The latest connection. */
  readonly last: FakeConnection;
  readonly exchanges: readonly FakeExchange[];
  /** The latest request. */
  readonly lastExchange: FakeExchange;
  request(request: HttpRequest, sink: HttpSink): HttpExchange;
}

/** How a connection ends when the peer closes it properly. */
export function cleanClose(code = 1000, reason = ""): CloseInfo {
  return { code, reason, wasClean: true };
}

/** Creates a transport on which nothing happens by itself. */
export function createFakeTransport(): FakeTransport {
  const connections: FakeConnection[] = [];
  const exchanges: FakeExchange[] = [];
  return {
    exchanges,
    get lastExchange() {
      const last = exchanges.at(-1);
      if (last === undefined) throw new Error("nothing was requested");
      return last;
    },
    request(request, sink) {
      const calls: string[] = [];
      exchanges.push({
        request,
        sink,
        calls,
        answer(status = 200, headers = [], address?: string) {
          const head = { status, statusText: "text", headers };
          sink.head(address === undefined ? head : { ...head, address });
        },
      });
      return {
        abort: () => calls.push("abort"),
        pause: () => calls.push("pause"),
        resume: () => calls.push("resume"),
      };
    },
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

import { describe, expect, test } from "vitest";
import type { SimulatedRequest, Simulator } from "../../src/simulators/simulator.ts";
import { simulatedTransport } from "../../src/testing/simulated-transport.ts";
import { type VirtualClock, virtualClock } from "../../src/testing/virtual-clock.ts";
import type { HttpExchange, HttpRequest } from "../../src/transport/transport.ts";

interface Session {
  readonly clock: VirtualClock;
  readonly exchange: HttpExchange;
  /** What the client was told, in order. */
  readonly log: readonly string[];
}

function send(request: Simulator["request"], options: Partial<HttpRequest> = {}): Session {
  const clock = virtualClock();
  const log: string[] = [];
  const simulator: Simulator = request === undefined ? {} : { request };
  const transport = simulatedTransport({ "http://lamp.test": simulator }, { clock });
  const exchange = transport.request(
    {
      url: "http://lamp.test/api",
      method: "GET",
      headers: [],
      body: undefined,
      addresses: {},
      connect: {},
      ...options,
    },
    {
      reached: (stage) => log.push(`reached ${stage}`),
      head: ({ status, statusText, headers }) =>
        log.push(
          `${status} ${statusText} ${headers.map((header) => header.join(": ")).join(", ")}`,
        ),
      data: (bytes) => log.push(Buffer.from(bytes).toString()),
      end: () => log.push("end"),
      failed: ({ code, message }) => log.push(`failed ${code}: ${message}`),
    },
  );
  return { clock, exchange, log };
}

describe("an HTTP request in memory", () => {
  test("gets the simulator's answer, later", async () => {
    const { clock, log } = send(() => ({
      status: 201,
      headers: { "Content-Type": "text/plain" },
      body: "grün",
    }));

    expect(log).toEqual(["reached connect"]);
    await clock.advance(0);

    expect(log).toEqual([
      "reached connect",
      "reached handshake",
      "201 Created Content-Type: text/plain, content-length: 5",
      "grün",
      "end",
    ]);
  });

  test("tells the simulator method, URL, headers, body and time", async () => {
    const requests: SimulatedRequest[] = [];
    const { clock } = send(
      (request) => {
        requests.push(request);
        return {};
      },
      {
        url: "http://lamp.test/api?x=1",
        method: "PUT",
        headers: [
          ["Accept", "a"],
          ["accept", "b"],
        ],
        body: Uint8Array.of(1, 2),
        connect: { headers: { "X-Key": "1" } },
      },
    );

    await clock.advance(0);

    expect(requests).toEqual([
      {
        method: "PUT",
        url: new URL("http://lamp.test/api?x=1"),
        headers: { accept: "a, b", "x-key": "1", host: "lamp.test", "content-length": "2" },
        body: Uint8Array.of(1, 2),
        clock,
      },
    ]);
  });

  test("waits for an answer that takes virtual time", async () => {
    const { clock, log } = send(
      ({ clock }) =>
        new Promise((resolve) => {
          clock.schedule(() => resolve({ status: 204 }), 500);
        }),
    );

    await clock.advance(499);
    expect(log).toHaveLength(2);
    await clock.advance(1);

    expect(log.slice(2)).toEqual(["204 No Content ", "end"]);
  });

  test("to HEAD gets no body", async () => {
    const { clock, log } = send(() => ({ body: "body" }), { method: "HEAD" });

    await clock.advance(0);

    expect(log.slice(2)).toEqual(["200 OK ", "end"]);
  });

  test("gets 404 from a simulator without HTTP", async () => {
    const { clock, log } = send(undefined);

    await clock.advance(0);

    expect(log.slice(2)).toEqual(["404 Not Found content-length: 0", "end"]);
  });

  test("gets 500 from a simulator that throws, and the error comes out of the clock", async () => {
    const error = new Error("a bug of the peer");
    const { clock, log } = send(() => Promise.reject(error));

    await expect(clock.advance(0)).rejects.toBe(error);
    await clock.advance(0);

    expect(log.slice(2)).toEqual(["500 Internal Server Error content-length: 0", "end"]);
  });

  test("fails when the simulator breaks it off", async () => {
    const { clock, log } = send(() => undefined);

    await clock.advance(0);

    expect(log.slice(2)).toEqual([
      "failed ERR_CONNECTION_LOST: the server ended the connection without an answer",
    ]);
  });

  test("to an origin without a peer is refused", async () => {
    const { clock, log } = send(() => ({}), { url: "http://other.test/" });

    await clock.advance(0);

    expect(log).toEqual([
      "reached connect",
      "failed ERR_CONNECT: no connection to the server: no peer is simulated for http://other.test; there are peers for http://lamp.test",
    ]);
  });

  test("hears nothing more after abort()", async () => {
    const { clock, exchange, log } = send(() => ({ body: "body" }));

    exchange.abort();
    await clock.advance(0);

    expect(log).toEqual(["reached connect"]);
  });

  test("hears nothing while it is paused", async () => {
    const { clock, exchange, log } = send(() => ({ body: "body" }));

    exchange.pause();
    await clock.advance(1_000);
    expect(log).toEqual(["reached connect", "reached handshake"]);
    exchange.resume();
    await clock.advance(0);

    expect(log.at(-1)).toBe("end");
  });
});

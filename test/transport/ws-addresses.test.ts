import { Agent } from "node:http";
import type { LookupFunction } from "node:net";
import { describe, expect, test } from "vitest";
import { openRawServer } from "../support/raw-server.ts";
import { connectWs, failureOf } from "../support/ws-client.ts";

/** A resolver that answers every name with these addresses. */
function answering(...addresses: readonly string[]): LookupFunction {
  return (_hostname, _options, callback) => {
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };
}

const refused = "1006 false policy ERR_ADDRESS_REFUSED";

describe("addresses", () => {
  test.each([
    "127.0.0.1",
    "2130706433",
    "0177.0.0.1",
    "0x7f.1",
    "127.1",
    "0",
    "[::1]",
    "[::]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
  ])("%s is refused without a packet when loopback is not allowed", async (host) => {
    const server = await openRawServer();

    const { sink } = connectWs(`ws://${host}:${server.port}/`, { addresses: {} });

    expect(sink.log).toEqual([]);
    expect(failureOf(await sink.whenClosed)).toBe(refused);
    expect(server.accepted).toBe(0);
  });

  test.each([
    ["only a private one", ["127.0.0.1"]],
    ["a public and a private one", ["93.184.216.34", "127.0.0.1"]],
    ["the metadata address", ["169.254.169.254"]],
    ["a mapped private one", ["::ffff:127.0.0.1"]],
  ])("a name that resolves to %s is refused without a packet", async (_name, addresses) => {
    const server = await openRawServer();

    const { sink } = connectWs(
      `ws://name.example:${server.port}/`,
      { addresses: {} },
      { lookup: answering(...addresses) },
    );

    const close = await sink.whenClosed;
    expect(failureOf(close)).toBe(refused);
    expect(close.failure?.host).toBe(`name.example:${server.port}`);
    expect(close.failure?.address).toBe(addresses.at(-1));
    expect(server.accepted).toBe(0);
  });

  test("a name that changes its answer is asked once per connection", async () => {
    const server = await openRawServer();
    const answers = [["127.0.0.1"], ["169.254.169.254"]];
    const lookup: LookupFunction = (hostname, options, callback) => {
      answering(...(answers.shift() ?? []))(hostname, options, callback);
    };

    const { sink } = connectWs(`ws://name.example:${server.port}/`, {}, { lookup });

    await server.accept();
    await sink.whenOpened;
    expect(answers).toHaveLength(1);
  });

  test("the Host header and the connection of a name below localhost lead here", async () => {
    const server = await openRawServer();

    const { sink } = connectWs(`ws://lamp.localhost:${server.port}/`);

    const peer = await server.accept();
    await sink.whenOpened;
    expect(peer.request).toContain(`Host: lamp.localhost:${server.port}\r\n`);
  });

  test("an agent's sockets are checked through the lookup that it is given", async () => {
    const server = await openRawServer();
    const options = { agent: new Agent(), lookup: answering("127.0.0.1") };

    const refusedClient = connectWs(
      `ws://name.example:${server.port}/`,
      { addresses: {} },
      options,
    );
    const allowed = connectWs(`ws://name.example:${server.port}/`, {}, options);

    expect(failureOf(await refusedClient.sink.whenClosed)).toBe(refused);
    await server.accept();
    await allowed.sink.whenOpened;
    expect(server.accepted).toBe(1);
  });
});

describe("a resolver", () => {
  const notResolved = "1006 false resolve ERR_NAME_NOT_RESOLVED";

  test("that knows no address fails the connection with the system's code", async () => {
    const lookup: LookupFunction = (_hostname, _options, callback) => {
      callback(Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" }), []);
    };

    const { sink } = connectWs("ws://name.example/", {}, { lookup });

    const close = await sink.whenClosed;
    expect(failureOf(close)).toBe(notResolved);
    expect(close.failure?.systemCode).toBe("ENOTFOUND");
  });

  test.each([
    ["answers with an empty list", answering()],
    [
      "answers with an empty text",
      ((_h, _o, callback) => callback(null, "")) satisfies LookupFunction,
    ],
    [
      "throws",
      (() => {
        throw new Error("no");
      }) satisfies LookupFunction,
    ],
  ])("that %s fails the connection and not the process", async (_name, lookup) => {
    const { sink } = connectWs("ws://name.example/", {}, { lookup });

    expect(failureOf(await sink.whenClosed)).toBe(notResolved);
  });

  test("that answers with something else than an address is refused", async () => {
    const { sink } = connectWs(
      "ws://name.example/",
      {},
      { lookup: answering("/var/run/docker.sock") },
    );

    expect(failureOf(await sink.whenClosed)).toBe(refused);
  });

  test("may answer with a single address, and twice", async () => {
    const server = await openRawServer();
    const lookup: LookupFunction = (_hostname, _options, callback) => {
      callback(null, "127.0.0.1", 4);
      callback(null, "169.254.169.254", 4);
    };

    const { sink } = connectWs(`ws://name.example:${server.port}/`, {}, { lookup });

    await server.accept();
    await expect(sink.whenOpened).resolves.toBeDefined();
  });

  test.each<readonly [string, LookupFunction, string]>([
    [
      "tells an error that is a text",
      (_hostname, _options, callback) => callback("nope" as never, []),
      "the name does not resolve: nope",
    ],
    [
      "tells an error later that has no text",
      (_hostname, _options, callback) =>
        void setImmediate(() => callback(Object.create(null) as never, [])),
      "the name does not resolve: something without a description",
    ],
    [
      "tells an error whose code is none",
      (_hostname, _options, callback) =>
        callback(Object.assign(new Error("broken"), { code: Symbol("code") }) as never, []),
      "the name does not resolve: broken",
    ],
    [
      "throws what has no text",
      () => {
        throw Object.create(null);
      },
      "the name does not resolve: something without a description",
    ],
    [
      "answers later with what is no address",
      (_hostname, _options, callback) =>
        void setImmediate(() => callback(null, Object.create(null) as never)),
      "the name does not resolve: Cannot convert object to primitive value",
    ],
    [
      "is async and rejects",
      async () => {
        throw new Error("rejected");
      },
      "the name does not resolve: rejected",
    ],
  ])("that %s fails its connection", async (_what, lookup, message) => {
    const { sink } = connectWs("ws://name.example/", {}, { lookup });

    const close = await sink.whenClosed;

    expect(failureOf(close)).toBe("1006 false resolve ERR_NAME_NOT_RESOLVED");
    expect(close.failure?.message).toBe(message);
    expect(close.failure?.systemCode).toBeUndefined();
  });

  test.each([0, 6, Number.NaN, "IPv4"])(
    "may tell the family %s of an IPv4 address, which is looked at itself",
    async (family) => {
      const server = await openRawServer();
      const lookup: LookupFunction = (_hostname, _options, callback) => {
        callback(null, "127.0.0.1", family as never);
      };

      const { sink } = connectWs(`ws://name.example:${server.port}/`, {}, { lookup });

      await server.accept();
      await expect(sink.whenOpened).resolves.toBeDefined();
    },
  );

  test("that never answers keeps the stage, and a late answer after abort() is ignored", async () => {
    const server = await openRawServer();
    let answer: (() => void) | undefined;
    const lookup: LookupFunction = (hostname, options, callback) => {
      answer = () => answering("127.0.0.1")(hostname, options, callback);
    };
    const { connection, sink } = connectWs(`ws://name.example:${server.port}/`, {}, { lookup });
    expect(sink.stages).toEqual(["connect", "resolve"]);

    connection.abort();

    expect(failureOf(await sink.whenClosed)).toBe("1006 false resolve ERR_ABORTED");
    answer?.();
    expect(server.accepted).toBe(0);
  });
});

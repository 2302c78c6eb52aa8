import { once } from "node:events";
import type { LookupFunction } from "node:net";
import { describe, expect, test } from "vitest";
import {
  AddressRefusedError,
  guardLookup,
  openGuardedSocket,
} from "../../src/transport/guarded-socket.ts";
import { LookupQueue } from "../../src/transport/lookup-queue.ts";
import { openRawServer } from "../support/raw-server.ts";

/** A lookup that nobody checks, as if the rules had been passed by. */
const unchecked: LookupFunction = (_hostname, options, callback) => {
  if (options.all === true) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
};

/** What a connection to this machine gives its lookup. */
const guard = {
  queue: new LookupQueue(),
  addresses: { loopback: true },
  isWanted: () => true,
  answered: () => undefined,
};

describe("openGuardedSocket", () => {
  test.each([
    ["plain", undefined],
    ["TLS", {}],
  ])(
    "a %s socket that reached a refused address all the same ends before the first byte",
    async (_name, tls) => {
      const server = await openRawServer();
      const request = {
        host: "name.example",
        port: server.port,
        tls,
        addresses: {},
        lookup: unchecked,
      };
      let received = 0;
      const peer = server.next().then(({ socket }) => {
        socket.on("data", (chunk: Buffer) => {
          received += chunk.length;
        });
        return once(socket, "close");
      });

      const socket = openGuardedSocket(request);
      socket.write("GET / HTTP/1.1\r\n\r\n");

      const [error] = await once(socket, "error").catch((reason: unknown) => [reason]);
      expect(error).toBeInstanceOf(AddressRefusedError);
      await peer;
      expect(received).toBe(0);
    },
  );
});

describe("guardLookup", () => {
  test("answers in the form that is asked for", () => {
    const answers: unknown[] = [];
    const lookup = guardLookup({
      ...guard,
      lookup: unchecked,
      answered: () => answers.push("answered"),
    });

    lookup("a", { all: true }, (error, answer) => answers.push([error, answer]));
    lookup("a", { all: false }, (error, answer, family) => answers.push([error, answer, family]));

    expect(answers).toEqual([
      "answered",
      [null, [{ address: "127.0.0.1", family: 4 }]],
      "answered",
      [null, "127.0.0.1", 4],
    ]);
  });

  test("asks the system by default", async () => {
    const lookup = guardLookup({ ...guard, lookup: undefined });

    const error = await new Promise((resolve) => {
      lookup("localhost", { all: true }, (failure, answer) => {
        expect(answer).not.toEqual([]);
        resolve(failure);
      });
    });

    expect(error).toBeNull();
  });
});

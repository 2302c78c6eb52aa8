import { expect, test } from "vitest";
import { warmWsTransport } from "../../src/transport/warm-up.ts";
import { openRawServer } from "../support/raw-server.ts";
import { createRecordingSink } from "../support/recording-sink.ts";

test("a transport that has been warmed up connects as any other", async () => {
  const server = await openRawServer();
  const sink = createRecordingSink();

  const transport = await warmWsTransport();
  const connection = transport.connect(
    {
      url: server.url,
      protocols: [],
      maxMessageBytes: 1_024,
      maxFragments: 1_024,
      closeTimeout: 10_000,
      addresses: { loopback: true },
      connect: {},
    },
    sink,
  );

  await server.accept();
  await sink.whenOpened;
  expect(sink.stages).toEqual(["connect", "handshake"]);
  connection.abort();
  await sink.whenClosed;
});

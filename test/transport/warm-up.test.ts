import { expect, test } from "vitest";
import { warmWsTransport } from "../../src/transport/warm-up.ts";
import { openRawServer } from "../support/raw-server.ts";
import { createRecordingSink } from "../support/recording-sink.ts";
import { transportRequest } from "../support/transport-request.ts";

test("a transport that has been warmed up connects as any other", async () => {
  const server = await openRawServer();
  const sink = createRecordingSink();

  const transport = await warmWsTransport();
  const connection = transport.connect(
    transportRequest({ url: server.url, addresses: { loopback: true } }),
    sink,
  );

  await server.accept();
  await sink.whenOpened;
  expect(sink.stages).toEqual(["connect", "handshake"]);
  connection.abort();
  await sink.whenClosed;
});

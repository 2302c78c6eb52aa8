import { describe, expect, test } from "vitest";
import { startEchoServer } from "../support/echo-server.ts";
import { closeFrame, frame, opcodes } from "../support/raw-server.ts";
import { connectWs, failureOf, openWs } from "../support/ws-client.ts";

describe("the closing handshake", () => {
  test("started here ends with what the peer answers", async () => {
    const { connection, sink, peer } = await openWs();

    connection.close(3000, "bye €");

    const { opcode, payload } = await peer.readFrame();
    expect([opcode, payload.readUInt16BE(0), payload.toString("utf8", 2)]).toEqual([
      8,
      3000,
      "bye €",
    ]);
    peer.write(closeFrame(3001, "\u{feff}ok"));
    peer.socket.end();
    await expect(sink.whenClosed).resolves.toEqual({
      code: 3001,
      reason: "\u{feff}ok",
      wasClean: true,
    });
  });

  test("without a code sends an empty close frame", async () => {
    const { connection, sink, peer } = await openWs();

    connection.close();

    expect(await peer.readFrame()).toEqual({ opcode: opcodes.close, payload: Buffer.alloc(0) });
    peer.write(frame(opcodes.close));
    peer.socket.end();
    await expect(sink.whenClosed).resolves.toEqual({ code: 1005, reason: "", wasClean: true });
  });

  test("started by the peer is answered with its code", async () => {
    const { sink, peer } = await openWs();

    peer.write(closeFrame(4999, "go"));

    const { opcode, payload } = await peer.readFrame();
    expect([opcode, payload.readUInt16BE(0)]).toEqual([opcodes.close, 4999]);
    peer.socket.end();
    await expect(sink.whenClosed).resolves.toEqual({ code: 4999, reason: "go", wasClean: true });
  });

  test("that the peer never ends on TCP ends by the close timeout and is clean", async () => {
    const { sink, peer } = await openWs({ closeTimeout: 20 });

    peer.write(closeFrame(1000));

    await expect(sink.whenClosed).resolves.toEqual({ code: 1000, reason: "", wasClean: true });
    await peer.closed();
  });

  test("that the peer answers and never ends on TCP ends by the close timeout and is clean", async () => {
    const { connection, sink, peer } = await openWs({ closeTimeout: 20 });
    connection.close(3000);
    await peer.readFrame();

    peer.write(closeFrame(3000));

    await expect(sink.whenClosed).resolves.toEqual({ code: 3000, reason: "", wasClean: true });
    await peer.closed();
  });

  test("that the peer never answers fails by the close timeout", async () => {
    const { connection, sink, peer } = await openWs({ closeTimeout: 20 });

    connection.close(1000);

    expect(failureOf(await sink.whenClosed)).toBe("1006 false closing ERR_CLOSE_TIMEOUT");
    await peer.closed();
  });

  test("that the peer answers with messages only fails by the close timeout", async () => {
    const { connection, sink, peer } = await openWs({ closeTimeout: 30 });
    const flood = setInterval(() => peer.write(frame(opcodes.text, "more")), 5);

    connection.close(1000);

    const close = await sink.whenClosed;
    clearInterval(flood);
    expect(failureOf(close)).toBe("1006 false closing ERR_CLOSE_TIMEOUT");
    await peer.closed();
  });

  test("waits behind messages that the peer takes slowly", async () => {
    const { connection, sink, peer } = await openWs({ closeTimeout: 1_000 });
    peer.socket.pause();
    connection.send(new Uint8Array(16 * 2 ** 20));

    connection.close(1000, "after");

    peer.socket.resume();
    expect((await peer.readFrame()).payload.length).toBe(16 * 2 ** 20);
    expect((await peer.readFrame()).payload.toString("utf8", 2)).toBe("after");
    peer.write(closeFrame(1000, "after"));
    peer.socket.end();
    expect((await sink.whenClosed).wasClean).toBe(true);
    expect(sink.sentBytes).toBe(16 * 2 ** 20);
  });

  test("gives up on a peer that takes nothing at all", async () => {
    const { connection, sink, peer } = await openWs({ closeTimeout: 30 });
    peer.socket.pause();
    connection.send(new Uint8Array(64 * 2 ** 20));

    connection.close(1000);

    expect(failureOf(await sink.whenClosed)).toBe("1006 false closing ERR_CLOSE_TIMEOUT");
  });

  test("is started once: a second close() changes nothing", async () => {
    const { connection, sink, peer } = await openWs();

    connection.close(1000, "first");
    connection.close(3000, "second");

    expect((await peer.readFrame()).payload.toString("utf8", 2)).toBe("first");
    peer.write(closeFrame(1000, "first"));
    peer.socket.end();
    await sink.whenClosed;
    expect(sink.log).toEqual(["opened", "closed 1000"]);
  });
});

describe("a connection without a closing handshake", () => {
  test("ended by FIN is lost", async () => {
    const { sink, peer } = await openWs();

    peer.socket.end();

    expect(failureOf(await sink.whenClosed)).toBe("1006 false open ERR_CONNECTION_LOST");
  });

  test("ended by FIN within a frame is lost", async () => {
    const { sink, peer } = await openWs();

    peer.socket.end(frame(opcodes.text, "never whole").subarray(0, 5));

    expect(failureOf(await sink.whenClosed)).toBe("1006 false open ERR_CONNECTION_LOST");
    expect(sink.log).toEqual(["opened", "closed 1006"]);
  });

  test("ended by a reset within a frame is lost, with the system's code", async () => {
    const { sink, peer } = await openWs();
    peer.write(frame(opcodes.text, "whole"));
    peer.write(frame(opcodes.text, "never whole").subarray(0, 5));
    await sink.messages(1);

    peer.socket.resetAndDestroy();

    const close = await sink.whenClosed;
    expect(failureOf(close)).toBe("1006 false open ERR_CONNECTION_LOST");
    expect(close.failure?.systemCode).toBe("ECONNRESET");
  });

  test("reset while closing is lost", async () => {
    const { connection, sink, peer } = await openWs();
    connection.close(1000);
    await peer.readFrame();

    peer.socket.resetAndDestroy();

    expect(failureOf(await sink.whenClosed)).toBe("1006 false closing ERR_CONNECTION_LOST");
  });

  test("ended by abort() closes the socket, and later calls do nothing", async () => {
    const { connection, sink, peer } = await openWs();

    connection.abort();
    connection.abort();
    connection.send("late");
    connection.close(1000);
    connection.pause();
    connection.resume();

    await peer.closed();
    expect(failureOf(await sink.whenClosed)).toBe("1006 false open ERR_ABORTED");
    expect(sink.log).toEqual(["opened", "closed 1006"]);
  });
});

test("the echo server answers text and binary messages in order and reports close codes", async () => {
  const server = await startEchoServer();
  const { connection, sink } = connectWs(server.url, { protocols: ["one", "two"] });
  await expect(sink.whenOpened).resolves.toEqual({
    protocol: "one",
    extensions: "",
    address: "127.0.0.1",
  });

  connection.send("hello");
  connection.send(Uint8Array.of(7));

  expect(await sink.messages(2)).toEqual(["text hello", "binary [7]"]);
  expect(server.connections).toBe(1);
  connection.close(3001);
  expect((await sink.whenClosed).code).toBe(3001);
  await expect(server.closed).resolves.toEqual([3001]);
  await server.close();
});

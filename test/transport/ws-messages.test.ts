import { deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { closeFrame, frame, opcodes } from "../support/raw-server.ts";
import { failureOf, openWs } from "../support/ws-client.ts";

const { binary, continuation, ping, pong, text } = opcodes;

describe("receiving", () => {
  test("delivers text and binary messages exactly, also empty ones", async () => {
    const { sink, peer } = await openWs();

    peer.write(frame(text, "\u{feff}a\0\u{1f600}"));
    peer.write(frame(binary, Buffer.from([0, 255])));
    peer.write(Buffer.concat([frame(text), frame(binary)]));

    expect(await sink.messages(4)).toEqual([
      "text \u{feff}a\0\u{1f600}",
      "binary [0 255]",
      "text ",
      "binary []",
    ]);
  });

  test("puts fragments together, with control frames between them", async () => {
    const { sink, peer } = await openWs();

    peer.write(frame(text, Buffer.from([0xe2, 0x82]), { fin: false }));
    peer.write(frame(ping, "p"));
    peer.write(frame(continuation, Buffer.from([0xac])));

    expect(await sink.messages(1)).toEqual(["text €"]);
    expect(await peer.readFrame()).toEqual({ opcode: pong, payload: Buffer.from("p") });
  });

  test("accepts a message of exactly the limit", async () => {
    const { sink, peer } = await openWs({ maxMessageBytes: 8 });

    peer.write(frame(text, "12345678"));

    expect(await sink.messages(1)).toEqual(["text 12345678"]);
  });

  test("survives a flood of pings, answers the latest and keeps the messages between", async () => {
    const { sink, peer } = await openWs();
    const pings = Array.from({ length: 5_000 }, (_, index) => frame(ping, String(index)));

    peer.write(Buffer.concat([...pings, frame(text, "after")]));

    expect(await sink.messages(1)).toEqual(["text after"]);
    const answers: string[] = [];
    while (answers.at(-1) !== "4999") answers.push((await peer.readFrame()).payload.toString());
    expect(answers[0]).toBe("0");
    expect(answers.length).toBeLessThan(5_000);
  });

  test("nothing is delivered while paused, and everything after resume", async () => {
    const { connection, sink, peer } = await openWs();
    connection.pause();
    peer.write(frame(text, "held"));
    // A round trip in the other direction: the frame has arrived by then.
    connection.send("marker");
    await peer.readFrame();
    expect(sink.log).toEqual(["opened"]);

    connection.resume();

    expect(await sink.messages(1)).toEqual(["text held"]);
  });

  test("nothing is delivered after abort(), even if it was read already", async () => {
    const { connection, sink, peer } = await openWs();
    const seen: string[] = [];
    sink.text = (data) => {
      seen.push(String(data.length));
      connection.abort();
    };

    peer.write(Buffer.concat([frame(text, "1"), frame(text, "22"), frame(text, "333")]));

    await sink.whenClosed;
    expect(seen).toEqual(["1"]);
    await peer.closed();
  });

  test("an exception of the receiver ends the connection and not the process", async () => {
    const { sink, peer } = await openWs();
    sink.text = () => {
      throw new Error("no");
    };

    peer.write(frame(text, "x"));

    const close = await sink.whenClosed;
    expect(failureOf(close)).toBe("1006 false open ERR_ABORTED");
    expect(close.failure?.message).toContain("no");
  });
});

describe("a peer that breaks the protocol", () => {
  test.each([
    ["reserved bit 1", frame(text, "a", { reserved: 4 }), 1002],
    ["reserved bit 2", frame(text, "a", { reserved: 2 }), 1002],
    ["a masked frame", frame(text, "", { masked: true }), 1002],
    ["an unknown opcode", frame(3, "a"), 1002],
    ["an unknown control opcode", frame(11, "a"), 1002],
    ["a continuation of nothing", frame(continuation, "a"), 1002],
    [
      "a message within a message",
      Buffer.concat([frame(text, "a", { fin: false }), frame(text, "b")]),
      1002,
    ],
    ["a fragmented ping", frame(ping, "a", { fin: false }), 1002],
    ["a long ping", frame(ping, "a".repeat(126)), 1002],
    ["a close frame of one byte", frame(opcodes.close, "a"), 1002],
    ["close code 1005", closeFrame(1005), 1002],
    ["close code 1006", closeFrame(1006), 1002],
    ["close code 999", closeFrame(999), 1002],
    ["close code 5000", closeFrame(5000), 1002],
    ["text that is not UTF-8", frame(text, Buffer.from([0xff])), 1007],
    ["half a character", frame(text, Buffer.from([0xe2, 0x82])), 1007],
    ["a reason that is not UTF-8", frame(opcodes.close, Buffer.from([3, 232, 0xff])), 1007],
    [
      "a fragment flood",
      Buffer.concat([
        frame(text, "", { fin: false }),
        ...Array.from({ length: 2_000 }, () => frame(continuation, "", { fin: false })),
      ]),
      1008,
    ],
  ])("%s fails the connection and is told why", async (_name, bytes, code) => {
    const { sink, peer } = await openWs();

    peer.write(bytes);

    expect(failureOf(await sink.whenClosed)).toBe("1006 false open ERR_PROTOCOL");
    const answer = await peer.readFrame();
    expect([answer.opcode, answer.payload.readUInt16BE(0)]).toEqual([opcodes.close, code]);
    await peer.closed();
    expect(sink.log).toEqual(["opened", "closed 1006"]);
  });

  test.each([
    ["one byte more than the limit", frame(text, "x".repeat(1_025))],
    [
      "fragments beyond the limit",
      Buffer.concat([
        frame(binary, "x".repeat(600), { fin: false }),
        frame(continuation, "x".repeat(600)),
      ]),
    ],
    ["a frame header that announces a terabyte", Buffer.from([0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0])],
    ["a frame header that announces 2^62 bytes", Buffer.from([0x82, 127, 64, 0, 0, 0, 0, 0, 0, 0])],
  ])("%s fails the connection with 1009", async (_name, bytes) => {
    const { sink, peer } = await openWs();

    peer.write(bytes);

    expect(failureOf(await sink.whenClosed)).toBe("1006 false open ERR_MESSAGE_TOO_LARGE");
    expect((await peer.readFrame()).payload.readUInt16BE(0)).toBe(1009);
    await peer.closed();
  });

  test("a message that inflates beyond the limit fails the connection", async () => {
    const { sink, peer } = await openWs(
      { connect: { perMessageDeflate: true } },
      { headers: ["Sec-WebSocket-Extensions: permessage-deflate"] },
    );
    const bomb = deflateRawSync(Buffer.alloc(1_000_000), { finishFlush: 2 }).subarray(0, -4);
    expect(bomb.length).toBeLessThan(1_024);

    peer.write(frame(binary, bomb, { reserved: 4 }));

    expect(failureOf(await sink.whenClosed)).toBe("1006 false open ERR_MESSAGE_TOO_LARGE");
  });
});

describe("sending", () => {
  test("sends text and binary messages and reports their payload bytes once they have left", async () => {
    const { connection, sink, peer } = await openWs();

    connection.send("€");
    connection.send(Uint8Array.of(1, 2));
    connection.send("");

    expect(sink.sentBytes).toBe(0);
    expect(await peer.readFrame()).toEqual({ opcode: text, payload: Buffer.from("€") });
    expect(await peer.readFrame()).toEqual({ opcode: binary, payload: Buffer.from([1, 2]) });
    expect(await peer.readFrame()).toEqual({ opcode: text, payload: Buffer.alloc(0) });
    expect(sink.sentBytes).toBe(5);
  });

  test("frames of one turn leave in one write", async () => {
    const { connection, peer } = await openWs();
    const chunks: Buffer[] = [];
    peer.socket.on("data", (chunk) => chunks.push(chunk));

    for (let index = 0; index < 50; index += 1) connection.send(`message ${index}`);

    for (let index = 0; index < 50; index += 1) await peer.readFrame();
    expect(chunks).toHaveLength(1);
  });

  test("what a peer does not read is not reported as sent", async () => {
    const { connection, sink, peer } = await openWs();
    peer.socket.pause();
    const size = 32 * 2 ** 20;

    connection.send(new Uint8Array(size));
    connection.send("behind");
    peer.write(frame(text, "still here"));
    await sink.messages(1);
    expect(sink.sentBytes).toBe(0);

    peer.socket.resume();
    await peer.readFrame();
    await peer.readFrame();
    expect(sink.sentBytes).toBe(size + 6);
  });
});

test("fragments that are a small part of what was read with them do not keep all of it", async () => {
  const { connection, peer, sink } = await openWs({ maxFragments: 10_000 });
  const before = process.memoryUsage().arrayBuffers;
  const padding = Buffer.concat(
    Array.from({ length: 500 }, () => frame(opcodes.pong, "x".repeat(120))),
  );

  for (let count = 0; count < 1_000; count += 1) {
    const opcode = count === 0 ? opcodes.text : opcodes.continuation;
    peer.write(Buffer.concat([frame(opcode, "x", { fin: false }), padding]));
    if (count % 20 === 0) await expect.poll(() => peer.socket.writableLength).toBe(0);
  }
  await expect.poll(() => sink.pending.at(-1), { timeout: 30_000 }).toBe(1_000);

  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 2 ** 20);
  connection.abort();
});

import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { FrameMemory } from "../../src/transport/frame-memory.ts";
import type { FrameWriter } from "../../src/transport/frame-writer.ts";

interface Pair {
  readonly client: Socket;
  /** Resolves with the next bytes, exactly so many. */
  read(count: number): Promise<Buffer>;
}

/** Two ends of a connection. */
async function openPair(): Promise<Pair> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const client = connect(port, "127.0.0.1");
  const [[peer]] = (await Promise.all([once(server, "connection"), once(client, "connect")])) as [
    [Socket],
    unknown,
  ];
  peer.pause();
  onTestFinished(() => {
    client.destroy();
    peer.destroy();
    server.close();
  });
  return {
    client,
    async read(count) {
      const parts: Buffer[] = [];
      let length = 0;
      while (length < count) {
        const part = peer.read() as Buffer | null;
        if (part === null) await once(peer, "readable");
        else {
          parts.push(part);
          length += part.length;
        }
      }
      return Buffer.concat(parts);
    },
  };
}

/** Reads frames as a server does (RFC 6455, section 5.2). */
function parseFrames(bytes: Buffer): { opcode: number; payload: Buffer }[] {
  const frames = [];
  for (let offset = 0; offset < bytes.length;) {
    const first = bytes.readUInt8(offset);
    const second = bytes.readUInt8(offset + 1);
    expect(second & 0x80).toBe(0x80);
    let length = second & 0x7f;
    offset += 2;
    if (length === 126) {
      length = bytes.readUInt16BE(offset);
      offset += 2;
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(offset));
      offset += 8;
    }
    const key = bytes.subarray(offset, offset + 4);
    offset += 4;
    const payload = Buffer.from(bytes.subarray(offset, offset + length));
    for (const [index, byte] of payload.entries()) payload[index] = byte ^ (key[index & 3] ?? 0);
    frames.push({ opcode: first, payload });
    offset += length;
  }
  return frames;
}

function frameBytes(length: number): number {
  return (length < 126 ? 6 : length < 65_536 ? 8 : 14) + length;
}

describe.each(["bufferutil", "no bufferutil"])("with %s", (masking) => {
  let createMemory: () => FrameMemory;
  let createWriter: (...input: ConstructorParameters<typeof FrameWriter>) => FrameWriter;

  beforeEach(async () => {
    if (masking !== "bufferutil") vi.stubEnv("WS_NO_BUFFER_UTIL", "1");
    vi.resetModules();
    const module = await import("../../src/transport/frame-writer.ts");
    const memory = await import("../../src/transport/frame-memory.ts");
    createMemory = () => new memory.FrameMemory();
    createWriter = (...input) => new module.FrameWriter(...input);
  });
  afterEach(() => vi.unstubAllEnvs());

  test("every message arrives as it was sent, in order, however it lies in memory", async () => {
    const { client, read } = await openPair();
    let [sentBytes, sentMessages] = [0, 0];
    const writer = createWriter(client, createMemory(), (bytes, messages) => {
      sentBytes += bytes;
      sentMessages += messages;
    });
    const length = fc.oneof(
      fc.integer({ max: 300, min: 0 }),
      fc.constantFrom(125, 126, 1_023, 1_024, 1_025, 8_177, 8_184, 8_192, 65_535, 65_536, 70_001),
    );
    const message = fc.record({
      length,
      offset: fc.integer({ max: 9, min: 0 }),
      isText: fc.boolean(),
    });

    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 12, minLength: 1 }), async (messages) => {
        [sentBytes, sentMessages] = [0, 0];
        const payloads = messages.map(({ length: bytes, offset }) =>
          Uint8Array.from(
            { length: bytes + offset },
            (_, index) => (index * 7 + bytes) & 0xff,
          ).subarray(offset),
        );
        const total = payloads.reduce((sum, { length: bytes }) => sum + frameBytes(bytes), 0);

        for (const [index, payload] of payloads.entries()) {
          writer.write(payload, messages[index]?.isText === true);
          // The caller's bytes may change as soon as the call is over.
          const copy = payload.slice();
          payload.fill(0xaa);
          payloads[index] = copy;
        }
        const frames = parseFrames(await read(total));

        expect(frames.map(({ opcode }) => opcode)).toEqual(
          messages.map(({ isText }) => (isText ? 0x81 : 0x82)),
        );
        expect(
          frames.every(({ payload }, index) =>
            payload.equals(payloads[index] ?? payload.subarray(1)),
          ),
        ).toBe(true);
        await vi.waitFor(() => expect(sentMessages).toBe(messages.length));
        expect(sentBytes).toBe(payloads.reduce((sum, { length: bytes }) => sum + bytes, 0));
      }),
      { numRuns: 60 },
    );
  });

  test("frames of one turn leave in one write", async () => {
    const { client, read } = await openPair();
    const write = vi.spyOn(client, "write");
    const writer = createWriter(client, createMemory(), () => {});

    for (let index = 0; index < 100; index += 1) writer.write(Buffer.from("message"), true);
    await read(100 * frameBytes(7));

    expect(write).toHaveBeenCalledTimes(1);
  });

  test("what others write comes behind the messages before it", async () => {
    const { client, read } = await openPair();
    const writer = createWriter(client, createMemory(), () => {});

    writer.write(Buffer.from("before"), true);
    client.write("control");
    writer.write(Buffer.from("after"), true);
    const bytes = await read(frameBytes(6) + 7 + frameBytes(5));

    expect(bytes.subarray(frameBytes(6), frameBytes(6) + 7).toString()).toBe("control");
    expect(parseFrames(bytes.subarray(0, frameBytes(6)))[0]?.payload.toString()).toBe("before");
    expect(parseFrames(bytes.subarray(frameBytes(6) + 7))[0]?.payload.toString()).toBe("after");
  });

  test("frames of two connections that share memory do not mix", async () => {
    const [one, two] = [await openPair(), await openPair()];
    const memory = createMemory();
    const writers = [one, two].map(({ client }) => createWriter(client, memory, () => {}));

    for (let index = 0; index < 50; index += 1) {
      for (const [number, writer] of writers.entries())
        writer.write(Buffer.from([number, index]), false);
    }
    const received = await Promise.all([one, two].map(({ read }) => read(50 * frameBytes(2))));

    expect(received.map((bytes) => parseFrames(bytes).map(({ payload }) => [...payload]))).toEqual(
      [0, 1].map((number) => Array.from({ length: 50 }, (_, index) => [number, index])),
    );
  });

  test("keys are not used twice in a row", async () => {
    const { client, read } = await openPair();
    const writer = createWriter(client, createMemory(), () => {});

    for (let index = 0; index < 3_000; index += 1) writer.write(new Uint8Array(0), false);
    const bytes = await read(3_000 * 6);

    const keys = Array.from({ length: 3_000 }, (_, index) => bytes.readUInt32LE(index * 6 + 2));
    expect(new Set(keys).size).toBeGreaterThan(2_990);
  });
});

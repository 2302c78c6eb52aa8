import { deflateRawSync } from "node:zlib";
import { test } from "vitest";
import {
  closeFrame,
  frame,
  type HandshakeAnswer,
  opcodes,
  type RawPeer,
} from "../support/raw-server.ts";
import { type HostileCase, named, onBothThreads, openArena } from "./support/arena.ts";
import { flood } from "./support/flood.ts";
import { clamped, failing, harmless } from "./support/outcomes.ts";

const { expectContained } = openArena();

const connect = `connect(onPort("127.0.0.1"))`;

/** Answers the request well and sends bytes behind the answer. */
function afterHandshake(...bytes: readonly (Buffer | string)[]): (peer: RawPeer) => Promise<void> {
  return async (peer) => {
    await peer.readRequest();
    peer.answer();
    for (const part of bytes) peer.write(part);
  };
}

/** Reads the request and answers with these bytes. */
function answering(bytes: string | Buffer): (peer: RawPeer) => Promise<void> {
  return async (peer) => {
    await peer.readRequest();
    peer.write(bytes);
  };
}

const handshakeInvalid = { stage: "handshake", code: "ERR_HANDSHAKE_INVALID" } as const;

function status(code: number, headers = ""): string {
  return `HTTP/1.1 ${code} X\r\n${headers}Content-Length: 0\r\n\r\n`;
}

const metadata = "Location: ws://169.254.169.254/latest/meta-data/\r\n";

const statusCases: readonly HostileCase[] = [
  ["redirect-301", 301, metadata],
  ["redirect-302", 302, metadata],
  ["redirect-303", 303, metadata],
  ["redirect-307", 307, metadata],
  ["redirect-308", 308, "Location: ws+unix:///var/run/docker.sock:/\r\n"],
  ["status-200", 200, ""],
  ["status-401", 401, "WWW-Authenticate: Basic realm=secret\r\n"],
  ["status-407", 407, "Proxy-Authenticate: Basic realm=secret\r\n"],
  ["status-426", 426, "Upgrade: h2c\r\n"],
].map(([id, code, headers]) => ({
  id: `servers/${id}`,
  shows: `an answer with status ${code} is not followed and fails the connection`,
  script: connect,
  serve: answering(status(Number(code), String(headers))),
  outcome: failing({ stage: "handshake", code: "ERR_HANDSHAKE_STATUS", status: Number(code) }, [], {
    accepted: 1,
  }),
}));

const answerCases: readonly HostileCase[] = (
  [
    ["wrong-accept", "a wrong accept key", { accept: "bm90IHlvdXIga2V5" }],
    ["http-1.0", "an answer of HTTP/1.0", { version: "1.0" }],
    [
      "unsolicited-extension",
      "an extension that nobody asked for",
      extension("permessage-deflate"),
    ],
    ["unknown-extension", "an extension that nobody knows", extension("x-evil; a=b")],
    [
      "unsolicited-subprotocol",
      "a subprotocol that nobody offered",
      { headers: ["Sec-WebSocket-Protocol: evil"] },
    ],
    ["megabyte-of-headers", "a megabyte of headers", { headers: [`X: ${"x".repeat(2 ** 20)}`] }],
    [
      "many-headers",
      "two hundred thousand headers",
      { headers: Array.from({ length: 200_000 }, (_, index) => `X${index}: y`) },
    ],
    ["header-with-nul", "U+0000 in a header", { headers: ["X: a\0b"] }],
    ["folded-header", "a header without a name", { headers: [": evil"] }],
  ] satisfies readonly (readonly [string, string, HandshakeAnswer])[]
).map(([id, shows, answer]) => ({
  id: `servers/${id}`,
  shows: `${shows} fails the connection`,
  script: connect,
  async serve(peer) {
    await peer.readRequest();
    peer.answer(answer);
  },
  outcome: failing(handshakeInvalid, [], { accepted: 1 }),
}));

function extension(text: string): HandshakeAnswer {
  return { headers: [`Sec-WebSocket-Extensions: ${text}`] };
}

const noAnswerCases: readonly HostileCase[] = (
  [
    ["not-http", "an answer that is no HTTP", "SSH-2.0-OpenSSH_9.6\r\n\r\n"],
    ["binary-noise", "an answer of noise", Buffer.alloc(4_096, 0xff)],
    [
      "early-hints-flood",
      "a flood of 103 answers",
      "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(5_000),
    ],
    ["switching-without-upgrade", "101 without an upgrade", "HTTP/1.1 101 X\r\n\r\n"],
    [
      "switching-to-h2c",
      "an upgrade to another protocol",
      "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    ],
    ["frames-without-answer", "frames in place of an answer", frame(opcodes.text, "hello")],
  ] as const
).map(([id, shows, bytes]) => ({
  id: `servers/${id}`,
  shows: `${shows} fails the connection`,
  script: connect,
  serve: answering(bytes),
  outcome: failing(handshakeInvalid, [], { accepted: 1 }),
}));

const deadline = { handshakeTimeout: 1_000 };
const handshakeTimeout = { stage: "handshake", code: "ERR_HANDSHAKE_TIMEOUT" } as const;

const slowCases: readonly HostileCase[] = [
  {
    id: "servers/silent",
    shows: "a server that accepts and says nothing fails the connection at the deadline",
    script: connect,
    limits: deadline,
    outcome: failing(handshakeTimeout, [], { accepted: 1 }),
  },
  {
    id: "servers/header-drip",
    shows: "headers that arrive byte by byte do not put the deadline off",
    script: connect,
    limits: deadline,
    serve(peer) {
      peer.write("HTTP/1.1 101 X\r\n");
      const drip = setInterval(() => peer.write("X: y\r\n"), 5);
      peer.socket.once("close", () => clearInterval(drip));
    },
    outcome: failing(handshakeTimeout, [], { accepted: 1 }),
  },
  {
    id: "servers/early-hints-drip",
    shows: "a few interim answers do not put the deadline off",
    script: connect,
    limits: deadline,
    serve: answering("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(8)),
    outcome: failing(handshakeTimeout, [], { accepted: 1 }),
  },
  {
    id: "servers/never-answers-close",
    shows: "a peer that never answers the close frame is given up at the close deadline",
    script: `const socket = ${connect}; socket.addEventListener("open", () => socket.close(1000))`,
    serve: afterHandshake(),
    outcome: failing({ stage: "closing", code: "ERR_CLOSE_TIMEOUT" }, ["open"], { accepted: 1 }),
  },
  {
    id: "servers/never-ends-tcp",
    shows: "a peer that answers the close frame and never ends TCP is freed by the close deadline",
    script: `const socket = ${connect}; socket.addEventListener("open", () => socket.close(3000))`,
    async serve(peer) {
      await afterHandshake()(peer);
      await peer.readFrame();
      peer.write(closeFrame(3000));
    },
    outcome: harmless(["open", "close 3000 true"], { accepted: 1 }),
  },
  {
    id: "servers/closes-and-never-ends-tcp",
    shows: "a peer that sends a close frame and never ends TCP is freed by the close deadline",
    script: connect,
    serve: afterHandshake(closeFrame(4000, "bye")),
    outcome: harmless(["open", "close 4000 true bye"], { accepted: 1 }),
  },
];

const protocolError = { stage: "open", code: "ERR_PROTOCOL" } as const;
const tooLarge = { stage: "open", code: "ERR_MESSAGE_TOO_LARGE" } as const;
const connectionLost = { stage: "open", code: "ERR_CONNECTION_LOST" } as const;

/** The head of a frame that announces a length of 64 bits. */
function announcing(length: bigint): Buffer {
  const head = Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeBigUInt64BE(length, 2);
  return head;
}

function rawClose(...bytes: readonly number[]): Buffer {
  return frame(opcodes.close, Buffer.from(bytes));
}

const frameCases: readonly HostileCase[] = (
  [
    ["terabyte", "a frame that announces a terabyte", tooLarge, announcing(2n ** 40n)],
    [
      "negative-length",
      "a frame whose length has its highest bit set",
      tooLarge,
      announcing(2n ** 63n),
    ],
    [
      "over-limit",
      "a message one byte over the limit",
      tooLarge,
      frame(2, Buffer.alloc(2 ** 20 + 1)),
    ],
    ["invalid-utf8", "text that is not UTF-8", protocolError, frame(1, Buffer.from([0xc3, 0x28]))],
    [
      "utf8-surrogate",
      "text with a surrogate",
      protocolError,
      frame(1, Buffer.from([0xed, 0xa0, 0x80])),
    ],
    [
      "utf8-overlong",
      "text with an overlong U+0000",
      protocolError,
      frame(1, Buffer.from([0xc0, 0x80])),
    ],
    ["masked", "a masked frame", protocolError, frame(1, "hello", { masked: true })],
    ["reserved-bit", "a frame with a reserved bit", protocolError, frame(1, "a", { reserved: 1 })],
    [
      "compressed-unasked",
      "a compressed frame that nobody agreed on",
      protocolError,
      frame(1, "a", { reserved: 4 }),
    ],
    ["reserved-opcode", "a frame with a reserved opcode", protocolError, frame(3, "a")],
    ["reserved-control", "a control frame with a reserved opcode", protocolError, frame(11, "a")],
    ["ping-too-long", "a ping of 126 bytes", protocolError, frame(9, "x".repeat(126))],
    ["ping-fragmented", "a ping in fragments", protocolError, frame(9, "x", { fin: false })],
    ["continuation-first", "a continuation of nothing", protocolError, frame(0, "x")],
    [
      "text-within-text",
      "a message within a message",
      protocolError,
      Buffer.concat([frame(1, "a", { fin: false }), frame(1, "b")]),
    ],
    ["close-code-1004", "the reserved close code 1004", protocolError, closeFrame(1004)],
    ["close-code-1005", "the close code 1005 on the wire", protocolError, closeFrame(1005)],
    ["close-code-1006", "the close code 1006 on the wire", protocolError, closeFrame(1006)],
    ["close-code-1015", "the close code 1015 on the wire", protocolError, closeFrame(1015)],
    ["close-code-0", "the close code 0", protocolError, closeFrame(0)],
    ["close-code-999", "the close code 999", protocolError, closeFrame(999)],
    ["close-code-5000", "the close code 5000", protocolError, closeFrame(5000)],
    ["close-of-one-byte", "a close frame of one byte", protocolError, rawClose(3)],
    [
      "close-reason-not-utf8",
      "a close reason that is not UTF-8",
      protocolError,
      rawClose(3, 232, 0xff),
    ],
  ] as const
).map(([id, shows, failure, bytes]) => ({
  id: `servers/${id}`,
  shows: `${shows} fails the connection`,
  script: connect,
  serve: afterHandshake(bytes),
  outcome: failing(failure, ["open"], { accepted: 1 }),
}));

const compressed = { origin: "ws://127.0.0.1:*", connect: { perMessageDeflate: true } };

/** Agrees on compression and sends one compressed message. */
function afterCompression(payload: Buffer): (peer: RawPeer) => Promise<void> {
  return async (peer) => {
    await peer.readRequest();
    peer.answer(extension("permessage-deflate; server_no_context_takeover"));
    peer.write(frame(opcodes.binary, payload, { reserved: 4 }));
  };
}

const floodCases: readonly HostileCase[] = [
  {
    id: "servers/zip-bomb",
    shows: "a message that inflates to a thousand times its size fails the connection",
    script: connect,
    policy: [compressed],
    serve: afterCompression(deflateRawSync(Buffer.alloc(512 * 2 ** 20))),
    outcome: failing(tooLarge, ["open"], { accepted: 1 }),
  },
  {
    id: "servers/broken-deflate",
    shows: "a compressed message that cannot be inflated fails the connection",
    script: connect,
    policy: [compressed],
    serve: afterCompression(Buffer.alloc(64, 0xff)),
    outcome: failing(protocolError, ["open"], { accepted: 1 }),
  },
  {
    id: "servers/fragment-flood",
    shows: "a message of endless empty fragments fails the connection",
    script: connect,
    serve: afterHandshake(
      frame(opcodes.text, "", { fin: false }),
      Buffer.concat(Array.from({ length: 50_000 }, () => frame(0, "", { fin: false }))),
    ),
    outcome: failing({ stage: "open" }, ["open"], { accepted: 1 }),
  },
  {
    id: "servers/fragment-sum",
    shows: "fragments that are small alone and too large together fail the connection",
    script: connect,
    serve: afterHandshake(
      frame(opcodes.binary, Buffer.alloc(600_000), { fin: false }),
      frame(0, Buffer.alloc(600_000), { fin: false }),
    ),
    outcome: failing(tooLarge, ["open"], { accepted: 1 }),
  },
  {
    id: "servers/ping-flood",
    shows: "a hundred thousand pings cost nothing but the answer to the latest",
    script: connect,
    async serve(peer) {
      await afterHandshake()(peer);
      const pings = Buffer.concat(Array.from({ length: 1_000 }, () => frame(9, "x".repeat(125))));
      for (let round = 0; round < 100; round += 1) peer.write(pings);
      peer.write(closeFrame(1000));
      peer.socket.end();
    },
    outcome: clamped(["open", "close 1000 true"], { accepted: 1 }),
  },
  {
    id: "servers/pong-flood",
    shows: "pongs that nobody asked for are dropped",
    script: connect,
    serve: afterHandshake(
      Buffer.concat(Array.from({ length: 50_000 }, () => frame(10, "pong"))),
      closeFrame(1000),
    ),
    outcome: clamped(["open", "close 1000 true"], { accepted: 1 }),
  },
  {
    id: "servers/messages-after-close",
    shows: "messages that arrive after close() are dropped",
    script: `
      const socket = ${connect};
      socket.addEventListener("message", () => socket.close(1000));`,
    async serve(peer) {
      await afterHandshake()(peer);
      peer.write(Buffer.concat(Array.from({ length: 500 }, () => frame(opcodes.text, "a"))));
      await peer.readFrame();
      peer.write(Buffer.concat(Array.from({ length: 500 }, () => frame(opcodes.text, "b"))));
      peer.write(closeFrame(1000));
      peer.socket.end();
    },
    outcome: harmless(["open", "message a", "close 1000 true"], { accepted: 1 }),
  },
  {
    id: "servers/message-with-the-answer",
    shows: "a message in the packet of the answer arrives after open",
    script: connect,
    async serve(peer) {
      await peer.readRequest();
      peer.answer({ frames: Buffer.concat([frame(opcodes.text, "early"), closeFrame(1000)]) });
      peer.socket.end();
    },
    outcome: harmless(["open", "message early", "close 1000 true"], { accepted: 1 }),
  },
  {
    id: "servers/awkward-text",
    shows: "U+0000, a byte order mark and line separators arrive as they were sent",
    script: `connect(onPort("127.0.0.1")).onmessage = ({ data }) => print(escape(data))`,
    serve: afterHandshake(frame(opcodes.text, "\u{feff}a\0b\u{2028}\u{1f600}\0"), closeFrame(1000)),
    outcome: harmless(["open", "%uFEFFa%00b%u2028%uD83D%uDE00%00", "close 1000 true"], {
      accepted: 1,
    }),
  },
  ...(
    [
      ["reset", "a reset in the middle of a frame", (peer) => peer.resetInFrame()],
      ["fin", "an end without a close frame", (peer) => peer.socket.end()],
    ] satisfies readonly (readonly [string, string, (peer: RawPeer) => unknown])[]
  ).map(([id, shows, end]) => ({
    id: `servers/${id}`,
    shows: `${shows} fails the connection`,
    script: `const socket = ${connect}; socket.addEventListener("open", () => socket.send("hello"))`,
    async serve(peer: RawPeer): Promise<void> {
      await afterHandshake()(peer);
      await peer.readFrame();
      end(peer);
    },
    outcome: failing(connectionLost, ["open"], { accepted: 1 }),
  })),
  {
    id: "servers/reset-before-answer",
    shows: "a reset before the answer fails the connection",
    script: connect,
    async serve(peer) {
      await peer.readRequest();
      peer.socket.resetAndDestroy();
    },
    outcome: failing({ stage: "handshake", code: "ERR_CONNECTION_LOST" }, [], { accepted: 1 }),
  },
  {
    id: "servers/flood-after-close",
    shows: "a server that floods in place of answering the close frame is given up at the deadline",
    script: `const socket = ${connect}; socket.addEventListener("open", () => socket.close(1000));`,
    async serve(peer) {
      await afterHandshake()(peer);
      await flood(peer, frame(opcodes.binary, Buffer.alloc(60_000)));
    },
    outcome: failing({ stage: "closing", code: "ERR_CLOSE_TIMEOUT" }, ["open"], { accepted: 1 }),
  },
];

test.each(onBothThreads([...statusCases, ...answerCases, ...noAnswerCases, ...floodCases]))(
  "%s",
  async (_name, row) => {
    await expectContained(row);
  },
);

test.each(named([...slowCases, ...frameCases]))("%s", async (_name, row) => {
  await expectContained(row);
});

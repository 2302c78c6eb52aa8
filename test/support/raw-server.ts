import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { onTestFinished } from "vitest";

/** A TCP server whose tests write every byte themselves: handshakes and frames that no decent server sends. */
export interface RawServer {
  readonly port: number;
  /** `ws:` or `wss:` URL at 127.0.0.1. */
  readonly url: string;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Settles once none of the accepted connections is left. */
  empty(): Promise<void>;
  /** The next connection, before anything was read from it. */
  next(): Promise<RawPeer>;
  /** The next connection once its request has arrived and was answered as RFC 6455 says. */
  accept(options?: HandshakeAnswer): Promise<RawPeer>;
}

/** What the answer of {@link RawServer.accept} says beyond, or in place of, what it should. */
export interface HandshakeAnswer {
  readonly accept?: string;
  readonly headers?: readonly string[];
  readonly version?: string;
  /** Bytes that leave in the same packet. */
  readonly frames?: Buffer;
}

/** One accepted connection. */
export class RawPeer {
  readonly socket: Socket;
  /** Head of the request, once {@link RawPeer.readRequest} has read it. */
  request = "";
  #chunks: Buffer[] = [];
  #size = 0;
  #ended = false;
  #wake: () => void = () => {
    // Replaced while somebody waits.
  };

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk) => {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      this.#wake();
    });
    socket.on("error", () => {
      // Resets are what many tests are about.
    });
    socket.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** Reads until the blank line that ends the request; later calls answer the same. */
  async readRequest(): Promise<string> {
    if (this.request !== "") return this.request;
    const end = Buffer.from("\r\n\r\n");
    await this.#until(() => this.#bytes().includes(end));
    const length = this.#bytes().indexOf(end) + end.length;
    this.request = this.#take(length).toString("latin1");
    return this.request;
  }

  /** Settles once the client has sent anything. */
  async readable(): Promise<void> {
    await this.#until(() => this.#size > 0);
  }

  /** Answers the request that was read, with status 101. */
  answer({ accept, headers = [], version = "1.1", frames }: HandshakeAnswer = {}): void {
    const key = /^sec-websocket-key: *(.*)$/im.exec(this.request)?.[1] ?? "";
    const lines = [
      `HTTP/${version} 101 Switching Protocols`,
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${accept ?? acceptKey(key)}`,
      ...headers,
    ];
    const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
    this.socket.write(frames === undefined ? head : Buffer.concat([head, frames]));
  }

  write(data: Buffer | string): void {
    this.socket.write(data);
  }

  /** Reads one masked frame of the client. */
  async readFrame(): Promise<{ readonly opcode: number; readonly payload: Buffer }> {
    await this.#until(() => this.#size >= 2);
    const short = (this.#bytes()[1] ?? 0) & 0x7f;
    const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
    await this.#until(() => this.#size >= 6 + extra);
    const length = readLength(this.#bytes(), short);
    await this.#until(() => this.#size >= 6 + extra + length);
    const frame = this.#take(6 + extra + length);
    const mask = frame.subarray(2 + extra, 6 + extra);
    const payload = frame.subarray(6 + extra);
    for (let index = 0; index < length; index += 1) {
      payload[index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0);
    }
    return { opcode: (frame[0] ?? 0) & 0x0f, payload };
  }

  /** Settles once the client's end of the connection is gone. */
  async closed(): Promise<void> {
    this.socket.resume();
    // Not `once`: it would reject for a reset.
    if (!this.socket.closed) {
      await new Promise<void>((resolve) => {
        this.socket.on("close", () => resolve());
      });
    }
  }

  /** Sends the beginning of a frame and resets the connection. */
  resetInFrame(): void {
    const begun = frame(opcodes.text, "a whole message").subarray(0, 5);
    this.socket.write(begun, () => this.socket.resetAndDestroy());
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#ended) throw new Error("the client ended the connection");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #bytes(): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }

  /** A copy: tests keep what they read. */
  #take(length: number): Buffer {
    const all = this.#bytes();
    this.#chunks = [all.subarray(length)];
    this.#size -= length;
    return Buffer.from(all.subarray(0, length));
  }
}

function readLength(bytes: Buffer, short: number): number {
  if (short < 126) return short;
  return short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
}

/** Starts a raw server that ends with the test. */
export async function openRawServer(tls?: TlsOptions): Promise<RawServer> {
  const peers: RawPeer[] = [];
  const waiting: ((peer: RawPeer) => void)[] = [];
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server: Server = tls === undefined ? createServer() : createTlsServer(tls);
  server.on("connection", (socket) => {
    accepted += 1;
    sockets.add(socket);
    // Handshakes that a client gives up end here.
    socket.on("error", () => sockets.delete(socket));
    socket.on("close", () => {
      sockets.delete(socket);
      server.emit("left");
    });
  });
  server.on("tlsClientError", () => {
    // Refused certificates are what some tests are about.
  });
  server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
    const peer = new RawPeer(socket);
    const resolve = waiting.shift();
    if (resolve === undefined) peers.push(peer);
    else resolve(peer);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;

  function next(): Promise<RawPeer> {
    const peer = peers.shift();
    if (peer !== undefined) return Promise.resolve(peer);
    return new Promise((resolve) => {
      waiting.push(resolve);
    });
  }
  return {
    port,
    url: `${tls === undefined ? "ws" : "wss"}://127.0.0.1:${port}/`,
    get accepted() {
      return accepted;
    },
    async empty() {
      while (sockets.size > 0) await once(server, "left");
    },
    next,
    async accept(options) {
      const peer = await next();
      await peer.readRequest();
      peer.answer(options);
      return peer;
    },
  };
}

/** Bits of {@link frame}. */
export interface FrameOptions {
  /** @defaultValue true */
  readonly fin?: boolean;
  /** RSV1, RSV2 and RSV3 as a number. @defaultValue 0 */
  readonly reserved?: number;
  /** Sets the mask bit, which servers must not. @defaultValue false */
  readonly masked?: boolean;
}

/** Opcodes of frames. */
export const opcodes = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

/** Writes one frame of a server. */
export function frame(
  opcode: number,
  payload: Buffer | string = "",
  { fin = true, reserved = 0, masked = false }: FrameOptions = {},
): Buffer {
  const body = Buffer.from(payload);
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  const mask = masked ? 0x80 : 0;
  if (body.length < 126) return Buffer.concat([Buffer.from([first, mask | body.length]), body]);
  const head = Buffer.alloc(body.length < 65_536 ? 4 : 10);
  head[0] = first;
  head[1] = mask | (head.length === 4 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(body.length, 2);
  else head.writeBigUInt64BE(BigInt(body.length), 2);
  return Buffer.concat([head, body]);
}

/** Writes a close frame. */
export function closeFrame(code: number, reason = ""): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code, 0);
  payload.write(reason, 2);
  return frame(opcodes.close, payload);
}

function acceptKey(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

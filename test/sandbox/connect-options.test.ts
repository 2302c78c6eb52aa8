import { once } from "node:events";
import { Agent, type ClientRequestArgs, createServer, request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { allowOrigins } from "../../src/policy/allow-origins.ts";
import type { ConnectOptions } from "../../src/policy/policy.ts";
import type { SandboxOptions } from "../../src/sandbox.ts";
import type {
  Transport,
  TransportConnection,
  TransportSink,
} from "../../src/transport/transport.ts";
import { wsTransport } from "../../src/transport/ws.ts";
import { createCertificateAuthority } from "../support/certificates.ts";
import { frame, opcodes, openRawServer, type RawPeer } from "../support/raw-server.ts";
import { openEchoServer, openSandbox, type TestSandbox } from "../support/sandbox.ts";

const authority = createCertificateAuthority();

/** Says "hello", prints what comes back and closes. */
const greet = `
  const socket = new WebSocket(NetworkDevice.args[0]);
  socket.onopen = () => socket.send("hello");
  socket.onmessage = ({ data }) => { console.log(data, socket.url); socket.close(1000) };
  socket.onclose = ({ code }) => console.log("close", code);
`;

/** The greeting's other end. */
async function answerGreeting(peer: RawPeer): Promise<void> {
  const { payload } = await peer.readFrame();
  peer.write(frame(opcodes.text, payload));
  const close = await peer.readFrame();
  peer.write(frame(opcodes.close, close.payload));
  peer.socket.end();
}

describe.each(["none", "worker"] as const)("with isolation %j", (isolation) => {
  function open(
    url: string,
    connect: ConnectOptions,
    options: SandboxOptions = {},
  ): Promise<TestSandbox> {
    const origin = new URL(url);
    return openSandbox({
      isolation,
      args: [url],
      policy: allowOrigins([
        {
          origin: `${origin.protocol}//*@${origin.host}`,
          addresses: { loopback: true },
          connect,
        },
      ]),
      ...options,
    });
  }

  test("a server that asks for a client's certificate and gets none fails the connection", async () => {
    const server = await openRawServer({
      ...authority.issue(),
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
    });
    const { runToIdle, lines, events } = await open(server.url, { tls: { ca: authority.cert } });

    await runToIdle(greet);

    expect(lines()).toEqual(["close 1006"]);
    expect(events.find(({ type }) => type === "closed")).toMatchObject({
      failure: { stage: "tls", code: "ERR_TLS" },
    });
  });

  test("each host gets the headers of its own grant alone", async () => {
    const [one, two] = [await openRawServer(), await openRawServer()];
    const grants = [one, two].map(({ port }) => ({
      origin: `ws://127.0.0.1:${port}`,
      addresses: { loopback: true },
      connect: { headers: { "X-Port": String(port) } },
    }));
    const { runToIdle } = await openSandbox({
      isolation,
      args: [one.url, two.url],
      policy: allowOrigins(grants),
    });

    const heads = Promise.all([one.accept(), two.accept()]).then((peers) =>
      peers.map(({ request, socket }) => {
        socket.destroy();
        return /^x-port: (.*)\r$/im.exec(request)?.[1];
      }),
    );
    await runToIdle(`for (const url of NetworkDevice.args) new WebSocket(url)`);

    await expect(heads).resolves.toEqual([String(one.port), String(two.port)]);
  });

  test("credentials in a URL are sent where the grant allows them, and no attribute shows them", async () => {
    const server = await openRawServer();
    const { runToIdle, lines } = await open(
      server.url.replace("ws://", "ws://user%40hub:p%C3%A5ss@"),
      {},
      {
        policy: allowOrigins([
          { origin: `ws://*@127.0.0.1:${server.port}`, addresses: { loopback: true } },
        ]),
      },
    );

    const peer = server.accept();
    const answered = peer.then(answerGreeting);
    await runToIdle(greet);
    await answered;

    const basic = Buffer.from("user@hub:påss").toString("base64");
    expect((await peer).request).toContain(`\r\nAuthorization: Basic ${basic}\r\n`);
    expect(lines().join("\n")).not.toContain("user");
  });

  test("credentials in a URL are refused where the grant says nothing of them", async () => {
    const server = await openRawServer();
    const { runToIdle, lines, events } = await open(
      server.url.replace("ws://", "ws://user:password@"),
      {},
      {
        policy: allowOrigins([
          { origin: `ws://127.0.0.1:${server.port}`, addresses: { loopback: true } },
        ]),
      },
    );

    await runToIdle(greet);

    expect(lines()).toEqual(["close 1006"]);
    expect(events.at(-2)).toMatchObject({
      type: "closed",
      failure: { stage: "policy", code: "ERR_POLICY_REFUSED" },
    });
    expect(server.accepted).toBe(0);
    expect(JSON.stringify(events)).not.toContain("password@");
  });

  test.each([
    [undefined, ""],
    [true, "permessage-deflate"],
  ])("with perMessageDeflate %j the extensions are %j", async (perMessageDeflate, extensions) => {
    const server = new WebSocketServer({
      port: 0,
      host: "127.0.0.1",
      perMessageDeflate: { threshold: 0 },
    });
    onTestFinished(() => server.close());
    await once(server, "listening");
    server.on("connection", (socket) =>
      socket.on("message", (data, binary) => socket.send(data, { binary })),
    );
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { runToIdle, lines } = await open(
      `ws://127.0.0.1:${port}/`,
      perMessageDeflate === undefined ? {} : { perMessageDeflate },
    );

    await runToIdle(`
      const socket = new WebSocket(NetworkDevice.args[0]);
      const text = "hello ".repeat(1e5);
      socket.onopen = () => { console.log(socket.extensions); socket.send(text) };
      socket.onmessage = ({ data }) => { console.log(data === text); socket.close() };
    `);

    expect(lines()).toEqual([extensions, "true"]);
  });

  test("a proxy that refuses fails the connection", async () => {
    const server = await openEchoServer();
    const proxy = await openProxy(403);
    const { runToIdle, lines, events } = await open(
      `${server.url}/`,
      {},
      { transport: wsTransport({ agent: new ProxyAgent(proxy.port) }) },
    );

    await runToIdle(greet);

    expect(lines()).toEqual(["close 1006"]);
    expect(events.filter(({ type }) => type === "closed")).toHaveLength(1);
  });

  test("a transport that tells what is no value fails that connection and no other", async () => {
    const good = loopTransport();
    const { runToIdle, lines, events } = await openSandbox({
      isolation,
      transport: {
        connect(request, sink) {
          if (request.url.endsWith("/good")) return good.connect(request, sink);
          setImmediate(() => sink.opened(undefined as never));
          return good.connect(request, { ...sink, opened: () => {} });
        },
      },
    });

    await runToIdle(`
      const bad = new WebSocket("ws://127.0.0.1:1000/bad");
      bad.onclose = () => {
        const good = new WebSocket("ws://127.0.0.1:1000/good");
        good.onopen = () => good.send("hello");
        good.onmessage = ({ data }) => { console.log(data); good.close() };
      };
    `);

    expect(lines()).toEqual(["hello"]);
    expect(events.filter(({ type }) => type === "closed")).toMatchObject([
      {
        failure: {
          stage: "connect",
          code: "ERR_CONNECT",
          message: "the transport broke its contract: opened() takes a handshake, got undefined",
        },
      },
      { code: 1005, wasClean: true },
    ]);
  });

  test("a deadline tells how far the embedder's transport had got", async () => {
    const { runToIdle, events } = await openSandbox({
      isolation,
      policy: allowOrigins(["ws://name.example"]),
      transport: wsTransport({ lookup: () => {} }),
      limits: { handshakeTimeout: 50 },
    });

    await runToIdle(`new WebSocket("ws://name.example/")`);

    expect(events.at(-1)).toMatchObject({
      type: "closed",
      failure: { stage: "resolve", code: "ERR_HANDSHAKE_TIMEOUT" },
    });
  });

  test.each(["send", "close", "abort"] as const)(
    "a transport that throws in %s() fails the connection and nothing else",
    async (method) => {
      const transport = loopTransport({
        [method]() {
          throw new Error("broken transport");
        },
      });
      const { runToIdle, lines, events, sandbox } = await openSandbox({
        isolation,
        transport,
        args: ["ws://127.0.0.1:1000/"],
        limits: { closeTimeout: 50 },
      });

      await runToIdle(
        method === "abort" ? `${greet}; socket.onmessage = () => socket.destroy()` : greet,
      );

      expect(lines()).toEqual(
        method === "abort"
          ? []
          : [...(method === "send" ? [] : ["hello ws://127.0.0.1:1000/"]), "close 1006"],
      );
      expect(events.filter(({ type }) => type === "error")).toEqual([]);
      expect(events.filter(({ type }) => type === "closed")).toHaveLength(1);
      await expect(sandbox.usage()).resolves.toMatchObject({ connections: 0 });
    },
  );
});

/** A transport without a network: every message comes back. */
function loopTransport(overrides: Partial<TransportConnection> = {}): Transport {
  return {
    connect(_request, sink: TransportSink) {
      setImmediate(() => sink.opened({ protocol: "", extensions: "" }));
      return {
        send(data) {
          setImmediate(() => {
            if (typeof data === "string") sink.text(data);
            else sink.binary(data);
          });
        },
        close(code = 1005, reason = "") {
          setImmediate(() => sink.closed({ code, reason, wasClean: true }));
        },
        abort() {},
        pause() {},
        resume() {},
        ...overrides,
      };
    },
  };
}

/** A proxy that opens tunnels, or answers every CONNECT with `refusal`. */
async function openProxy(
  refusal?: number,
): Promise<{ readonly port: number; readonly targets: readonly string[] }> {
  const targets: string[] = [];
  const server = createServer();
  const sockets = new Set<Duplex>();
  server.on("connect", ({ url = "" }, socket: Duplex) => {
    targets.push(url);
    sockets.add(socket);
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal} Refused\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(`tcp://${url}`);
    const upstream = connect(Number(port), hostname, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    for (const end of [socket, upstream]) end.on("error", () => upstream.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return { port: typeof address === "object" && address !== null ? address.port : 0, targets };
}

/** Asks a proxy for a tunnel, as the packages for that do. */
class ProxyAgent extends Agent {
  readonly #port: number;

  constructor(port: number) {
    super();
    this.#port = port;
  }

  override createConnection(
    options: ClientRequestArgs,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    const path = `${options.host}:${options.port}`;
    const request = httpRequest({
      host: "127.0.0.1",
      port: this.#port,
      method: "CONNECT",
      path,
      agent: false,
    });
    request.on("connect", ({ statusCode }, socket: Socket) => {
      const error = statusCode === 200 ? null : new Error(`the proxy answered ${statusCode}`);
      if (error !== null) socket.destroy();
      callback?.(error, socket);
    });
    request.on("error", (error) => callback?.(error, request.destroy() as never));
    request.end();
  }
}

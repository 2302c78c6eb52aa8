import { once } from "node:events";
import { Agent, createServer, request as httpRequest } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { allowOrigins } from "../../src/policy/allow-origins.ts";
import { startEchoServer } from "../../src/simulators/echo.ts";
import type { Transport, TransportRequest } from "../../src/transport/transport.ts";
import { wsTransport } from "../../src/transport/ws.ts";
import { createCertificateAuthority } from "../support/certificates.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { openRawServer } from "../support/raw-server.ts";
import { openEchoServer, openSandbox } from "../support/sandbox.ts";

const conversation = `
  const socket = new WebSocket(NetworkDevice.args[0], "v1");
  socket.binaryType = "arraybuffer";
  socket.onopen = () => { console.log("open", socket.protocol); socket.send("text") };
  socket.onmessage = ({ data }) => {
    console.log(typeof data === "string" ? data : [...new Uint8Array(data)].join());
    if (typeof data === "string") socket.send(new Uint8Array([1, 2]));
    else socket.close(1000, "bye");
  };
  socket.onclose = ({ code, reason }) => console.log("close", code, reason);
`;
const spoken = ["open v1", "text", "1,2", "close 1000 bye"];

describe.each(["none", "worker"] as const)("with isolation %j", (isolation) => {
  test("a transport of the embedder's carries a conversation", async () => {
    const requests: TransportRequest[] = [];
    const { runToIdle, lines } = await openSandbox({
      isolation,
      transport: echoTransport(requests),
      policy: allowOrigins([
        { origin: "ws://lamp.example", connect: { headers: { "X-Key": "k" } } },
      ]),
      args: ["ws://lamp.example/path"],
    });

    await runToIdle(conversation);

    expect(lines()).toEqual(spoken);
    expect(requests).toEqual([
      expect.objectContaining({
        url: "ws://lamp.example/path",
        protocols: ["v1"],
        connect: { headers: { "X-Key": "k" } },
      }),
    ]);
  });

  test("a transport of the embedder's that throws fails the connection only", async () => {
    const { runToIdle, lines, events } = await openSandbox({
      isolation,
      transport: {
        connect() {
          throw new Error("out of order");
        },
      },
      policy: allowOrigins(["ws://lamp.example"]),
      args: ["ws://lamp.example/"],
    });

    await runToIdle(conversation);

    expect(lines()).toEqual(["close 1006 "]);
    expect(events.find(({ type }) => type === "closed")).toMatchObject({
      failure: { message: expect.stringContaining("out of order") },
    });
  });

  test("closing the sandbox drops the connections of the embedder's transport", async () => {
    const server = await openEchoServer();
    const { sandbox } = await openSandbox({
      isolation,
      transport: wsTransport(),
      args: [server.url],
    });
    await sandbox.run(
      `await new Promise((resolve) => (new WebSocket(NetworkDevice.args[0]).onopen = resolve))`,
      { type: "module" },
    );

    await sandbox.close();

    await expect(server.closed).resolves.toEqual([1001]);
  });

  test("an agent leads connections through a proxy", async () => {
    const server = await openEchoServer();
    const proxy = await openProxy();
    const { runToIdle, lines } = await openSandbox({
      isolation,
      transport: wsTransport({ agent: proxy.agent }),
      args: [server.url],
    });

    await runToIdle(conversation);

    expect(lines()).toEqual(spoken);
    expect(proxy.asked).toEqual([`127.0.0.1:${server.port}`]);
  });

  test("headers, Origin and credentials reach the server and not the script", async () => {
    const server = await openRawServer();
    const { sandbox, lines } = await openSandbox({
      isolation,
      policy: allowOrigins([
        {
          origin: `ws://127.0.0.1:${server.port}`,
          connect: {
            headers: { "X-Key": "hidden" },
            origin: "https://dashboard.example",
            credentials: { username: "lamp", password: "hidden" },
          },
        },
      ]),
      args: [server.url],
    });

    await sandbox.run(
      `const socket = new WebSocket(NetworkDevice.args[0]);
       const own = Reflect.ownKeys(socket).concat(Reflect.ownKeys(WebSocket.prototype));
       console.log(own.map((key) => { try { return String(socket[key]) } catch { return "" } }).join());
       socket.onopen = ({ target }) => console.log(target)`,
    );
    const { request } = await server.accept();

    expect(request).toContain("X-Key: hidden\r\n");
    expect(request).toContain("Origin: https://dashboard.example\r\n");
    expect(request).toContain(`Authorization: Basic ${btoa("lamp:hidden")}\r\n`);
    expect(lines().join()).not.toContain("hidden");
  });

  test("each host has the authorities of its own grant", async () => {
    const authorities = [createCertificateAuthority(), createCertificateAuthority()] as const;
    const [lamp, relay, stranger] = await Promise.all([
      openSecureEcho(authorities[0].issue()),
      openSecureEcho(authorities[1].issue()),
      openSecureEcho(authorities[0].issue()),
    ]);
    const grant = (origin: string, ca: string): object => ({ origin, connect: { tls: { ca } } });
    const { runToIdle, lines, events } = await openSandbox({
      isolation,
      policy: allowOrigins([
        grant(lamp.url, authorities[0].cert),
        grant(relay.url, authorities[1].cert),
        grant(stranger.url, authorities[1].cert),
      ] as never),
      args: [lamp.url, relay.url, stranger.url],
    });

    await runToIdle(`
      NetworkDevice.args.forEach((url, index) => {
        const socket = new WebSocket(url);
        socket.onopen = () => socket.close(1000);
        socket.onclose = ({ code }) => console.log(index, code);
      });
    `);

    expect([...lines()].toSorted()).toEqual(["0 1000", "1 1000", "2 1006"]);
    expect(events.filter((event) => event.type === "closed" && event.failure)).toMatchObject([
      { failure: { stage: "tls", code: "ERR_TLS" } },
    ]);
  });

  test("a client certificate is shown to a server that asks for it", async () => {
    const authority = createCertificateAuthority();
    const server = await openRawServer({
      ...authority.issue(),
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
    });
    const own = authority.issue({ hosts: ["lamp-7"] });
    const { sandbox } = await openSandbox({
      isolation,
      policy: allowOrigins([
        {
          origin: `wss://127.0.0.1:${server.port}`,
          connect: { tls: { ca: authority.cert, ...own } },
        },
      ]),
      args: [server.url],
    });

    await sandbox.run(`const socket = new WebSocket(NetworkDevice.args[0])`);
    const { socket } = await server.accept();

    expect(socket).toBeInstanceOf(TLSSocket);
    expect((socket as TLSSocket).getPeerCertificate().subject.CN).toBe("lamp-7");
  });
});

test("a clock of the embedder's decides when timers fire", async () => {
  const clock = createManualClock();
  const { sandbox, lines } = await openSandbox({ isolation: "none", clock });
  await sandbox.run(`setTimeout(() => console.log("an hour later"), 3_600_000)`);

  clock.advance(3_599_999);
  const before = lines();
  clock.advance(1);

  expect(before).toEqual([]);
  expect(lines()).toEqual(["an hour later"]);
});

test("a clock needs the caller's thread", async () => {
  await expect(openSandbox({ clock: createManualClock() })).rejects.toMatchObject({
    code: "ERR_OPTION",
    message: /clock needs isolation: "none"/,
  });
});

async function openSecureEcho(tls: { readonly key: string; readonly cert: string }): Promise<{
  readonly url: string;
}> {
  const server = await startEchoServer({ tls });
  onTestFinished(() => server.close());
  return server;
}

/** A network of one echo in memory. */
function echoTransport(requests: TransportRequest[]): Transport {
  return {
    connect(request, sink) {
      requests.push(request);
      const later = (report: () => void): void => queueMicrotask(report);
      later(() => sink.opened({ protocol: request.protocols[0] ?? "", extensions: "" }));
      return {
        send: (data) =>
          later(() => {
            sink.sent(data.length);
            if (typeof data === "string") sink.text(data);
            else sink.binary(data);
          }),
        close: (code = 1005, reason = "") =>
          later(() => sink.closed({ code, reason, wasClean: true })),
        abort: () => later(() => sink.closed({ code: 1006, reason: "", wasClean: false })),
        pause() {},
        resume() {},
      };
    },
  };
}

/** A proxy that knows CONNECT, and an agent that uses it. */
async function openProxy(): Promise<{ readonly agent: Agent; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on("connect", ({ url = "" }, client: Socket) => {
    asked.push(url);
    const { hostname, port } = new URL(`tcp://${url}`);
    const upstream = connectTcp(Number(port), hostname, () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      client.pipe(upstream).pipe(client);
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { agent: new ProxyAgent(port), asked };
}

class ProxyAgent extends Agent {
  readonly #port: number;

  constructor(port: number) {
    super();
    this.#port = port;
  }

  override createConnection(
    { host, port }: { readonly host?: string | null; readonly port?: number | string | null },
    callback?: (error: Error | null, socket: Socket) => void,
  ): undefined {
    const path = `${host}:${port}`;
    httpRequest({ host: "127.0.0.1", port: this.#port, method: "CONNECT", path })
      .once("connect", (_response, socket) => callback?.(null, socket))
      .end();
  }
}

import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { createDeconz } from "../../src/simulators/deconz.ts";
import { createEcho } from "../../src/simulators/echo.ts";
import { createNetzer } from "../../src/simulators/netzer.ts";
import { type ServeOptions, serveSimulator } from "../../src/simulators/serve.ts";
import type { SimulatedPeer, Simulator } from "../../src/simulators/simulator.ts";
import { createCertificateAuthority } from "../support/certificates.ts";

async function serve(simulator: Simulator, options?: ServeOptions) {
  const server = await serveSimulator(simulator, options);
  onTestFinished(() => server.close());
  return server;
}

async function open(url: string, protocols: readonly string[] = []): Promise<WebSocket> {
  const client = new WebSocket(url, [...protocols]);
  client.on("error", () => {});
  onTestFinished(() => client.terminate());
  await once(client, "open");
  return client;
}

/** A simulator whose first peer can be waited for. */
function peers(setUp: (peer: SimulatedPeer) => void): {
  readonly simulator: Simulator;
  readonly peer: Promise<SimulatedPeer>;
} {
  const simulator: Simulator = {};
  const peer = new Promise<SimulatedPeer>((resolve) => {
    simulator.connect = (connecting) => {
      setUp(connecting);
      resolve(connecting);
    };
  });
  return { simulator, peer };
}

describe("WebSockets of a simulator on a real port", () => {
  test("carry text, bytes, and the subprotocol", async () => {
    const server = await serve(createEcho());
    const client = await open(server.origin, ["a", "b"]);

    client.send("grüße");
    const [text]: unknown[] = await once(client, "message");
    client.send(new Uint8Array([1, 2]));
    const [bytes]: unknown[] = await once(client, "message");

    expect([client.protocol, String(text), bytes]).toEqual(["a", "grüße", Buffer.from([1, 2])]);
    expect(server.connections).toBe(1);
  });

  test("tell the simulator the URL, headers, and how they ended", async () => {
    const { simulator, peer } = peers((peer) => peer.accept());
    const server = await serve(simulator);
    const client = await open(`${server.origin}/a?b`);
    const served = await peer;
    const closed = new Promise((resolve) => {
      served.onclose = (code, reason) => resolve([code, reason]);
    });

    client.close(3001, "bye");

    expect([served.url.href, served.headers["host"]]).toEqual([
      `${server.origin}/a?b`,
      server.host,
    ]);
    expect(await closed).toEqual([3001, "bye"]);
  });

  test("are refused with status, headers and body", async () => {
    const server = await serve({
      connect: (peer) =>
        peer.refuse({ status: 503, headers: { "Retry-After": "2" }, body: "later" }),
    });

    const client = new WebSocket(server.origin);
    client.on("error", () => {});
    const [, answer] = (await once(client, "unexpected-response")) as [
      unknown,
      AsyncIterable<Buffer> & { statusCode: number; headers: Record<string, string> },
    ];

    let body = "";
    for await (const chunk of answer) body += String(chunk);
    expect([answer.statusCode, answer.headers["retry-after"], body]).toEqual([503, "2", "later"]);
  });

  test("are answered with 404 by a simulator that has none", async () => {
    const server = await serve({ request: () => ({}) });
    const client = new WebSocket(server.origin);

    const [error]: unknown[] = await once(client, "error");

    expect(String(error)).toContain("404");
  });

  test("that are dropped end with 1006, also before the handshake is over", async () => {
    const server = await serve({
      connect(peer) {
        if (peer.url.pathname === "/open") peer.accept();
        peer.drop();
      },
    });
    const early = new WebSocket(server.origin);
    const [error]: unknown[] = await once(early, "error");
    const late = await open(`${server.origin}/open`);

    const [code]: unknown[] = await once(late, "close");

    expect([String(error), code]).toEqual(["Error: socket hang up", 1006]);
  });

  test("ping, hear the pong, and answer pings", async () => {
    const { simulator, peer } = peers((peer) => peer.accept());
    const server = await serve(simulator);
    const client = await open(server.origin);
    const served = await peer;
    const ponged = new Promise<string>((resolve) => {
      served.onpong = () => resolve("pong");
    });
    served.ping();
    client.ping("x");

    const [data]: unknown[] = await once(client, "pong");

    expect([await ponged, String(data)]).toEqual(["pong", "x"]);
  });

  test("that are silent send nothing, answer nothing and stay open", async () => {
    const { simulator, peer } = peers((peer) => peer.accept());
    const server = await serve(simulator);
    const client = await open(server.origin);
    const heard: unknown[] = [];
    client.on("message", (data) => heard.push(String(data)));
    client.on("pong", () => heard.push("pong"));
    const silent = await peer;

    silent.send("before");
    silent.silence();
    silent.onmessage = (data) => heard.push(data);
    silent.send("after");
    silent.ping();
    silent.close();
    client.ping();
    client.send("anybody?");
    // A whole conversation on another connection gives the server time to be wrong.
    const other = await open(server.origin);
    (await peer).drop();
    await once(client, "close");

    expect(heard).toEqual(["before"]);
    expect([other.readyState, server.connections]).toEqual([WebSocket.OPEN, 1]);
  });

  test("work over TLS", async () => {
    const authority = createCertificateAuthority();
    const server = await serve(createEcho(), { tls: authority.issue() });
    const client = new WebSocket(server.origin, { ca: authority.cert });
    await once(client, "open");

    client.send("secret");
    const [data]: unknown[] = await once(client, "message");
    client.terminate();

    expect([server.origin.slice(0, 6), String(data)]).toEqual(["wss://", "secret"]);
  });
});

describe("HTTP of a simulator on a real port", () => {
  test("carries method, URL, headers and body there, and status, headers and body back", async () => {
    const server = await serve({
      request: ({ method, url, headers, body }) => ({
        status: 201,
        headers: { "x-method": method },
        body: `${url.pathname} ${headers["x-a"]} ${new TextDecoder().decode(body)}`,
      }),
    });

    const response = await fetch(`${server.httpOrigin}/p`, {
      method: "PUT",
      headers: { "X-A": "1" },
      body: "grüße",
    });

    expect([response.status, response.headers.get("x-method"), await response.text()]).toEqual([
      201,
      "PUT",
      "/p 1 grüße",
    ]);
  });

  test("is answered with 500 and the reason when the simulator throws, and with 404 when it has none", async () => {
    const throwing = await serve({
      request() {
        throw new Error("no idea");
      },
    });
    const answers = await Promise.all([
      fetch(throwing.httpOrigin),
      fetch((await serve({})).httpOrigin),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([500, 404]);
    expect(await answers[0]?.text()).toBe("The simulator failed: no idea");
  });

  test("is broken off for an answer of undefined", async () => {
    const server = await serve({ request: () => undefined });

    await expect(fetch(server.httpOrigin)).rejects.toThrow("fetch failed");
  });

  test("a request that makes no URL is answered with 400", async () => {
    const server = await serve(createEcho());
    const socket = connect(server.port, "127.0.0.1");
    socket.end("GET /x HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n");

    const [data]: unknown[] = await once(socket, "data");

    expect(String(data)).toMatch(/^HTTP\/1.1 400 /);
  });

  test("shares the port with WebSockets: the pages of a Netzer are blocked while its socket is open", async () => {
    const netzer = createNetzer();
    const server = await serve(netzer);
    const before = (await fetch(server.httpOrigin)).status;

    await open(`${server.origin}${netzer.path}`);

    expect([before, (await fetch(server.httpOrigin)).status]).toEqual([200, 503]);
  });
});

describe("serveSimulator", () => {
  test("serves further ports, whose numbers the simulator learns", async () => {
    const deconz = createDeconz();
    const server = await serve(deconz);
    const config = await (await fetch(`${server.httpOrigin}/api/${deconz.apiKey}/config`)).json();
    const { websocketport } = config as { readonly websocketport: number };
    const client = await open(`ws://127.0.0.1:${websocketport}`);

    deconz.presence(true);
    const [data]: unknown[] = await once(client, "message");

    expect(server.furtherOrigins).toEqual([`ws://127.0.0.1:${websocketport}`]);
    expect(String(data)).toContain('"presence":true');
  });

  test("says which port is in use, and leaves no other open", async () => {
    const occupier = createServer().listen(0, "127.0.0.1");
    await once(occupier, "listening");
    onTestFinished(() => void occupier.close());
    const { port } = occupier.address() as AddressInfo;
    const deconz = createDeconz();

    await expect(serveSimulator(deconz, { port })).rejects.toMatchObject({
      code: "ERR_OPTION",
      message: `port ${port} of 127.0.0.1 is in use: choose another, or 0 for any that is free`,
    });
    await expect(open(`ws://127.0.0.1:${deconz.ports[0].port}`)).rejects.toThrow("ECONNREFUSED");
  });

  test.each([
    [{ port: 70_000 }, "port must be an integer from 0 to 65535, got 70000"],
    [
      { host: "192.0.2.1" },
      "192.0.2.1 is no address of this machine: choose one that is, such as 127.0.0.1, or 0.0.0.0 for all",
    ],
  ])("refuses %j", async (options, message) => {
    await expect(serveSimulator(createEcho(), options)).rejects.toThrow(message);
  });

  test("close() ends what is open, silent and waiting, and may be called twice", async () => {
    const { simulator } = peers((peer) => peer.silence());
    const server = await serve(simulator);
    const waiting = new WebSocket(server.origin);
    const echo = createEcho();
    const other = await serve(echo);
    const client = await open(other.origin);
    echo.goSilent();
    const ended = [once(waiting, "error"), once(client, "close")];

    await Promise.all([server.close(), server.close(), other.close()]);
    await Promise.all(ended);

    expect(other.connections).toBe(0);
  });
});

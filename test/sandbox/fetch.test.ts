import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { bindNetworkDevice } from "../../src/bind.ts";
import { allowAllLoopback, allowOrigins } from "../../src/policy/allow-origins.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { openEngine } from "../support/engine.ts";
import { openSandbox } from "../support/sandbox.ts";

/** An HTTP server that is closed with the test; answers its origin. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const hello: RequestListener = (_request, response) => {
  response.setHeader("Content-Type", "application/json");
  response.end('{"hello":"world"}');
};

describe.each(["worker", "none"] as const)("with isolation %s", (isolation) => {
  test("a script fetches JSON from a server that its policy grants", async () => {
    const origin = await serve(hello);
    const { lines, events, runToIdle } = await openSandbox({
      isolation,
      policy: allowOrigins([origin]),
      baseUrl: `${origin}/api/`,
    });

    await runToIdle(
      `const response = await fetch("thing?x"); console.log(response.url, (await response.json()).hello)`,
      "test.mjs",
    );

    expect(lines()).toEqual([`${origin}/api/thing?x world`]);
    expect(events.flatMap((event) => ("request" in event ? [event.type] : []))).toEqual([
      "request",
      "response",
      "finished",
    ]);
  });

  test("a large body arrives whole and in order", async () => {
    const size = 5_000_000;
    const bytes = Buffer.alloc(size);
    for (let index = 0; index < size; index += 1) bytes[index] = (index * 7) % 251;
    const origin = await serve((_request, response) => response.end(bytes));
    const { lines, runToIdle } = await openSandbox({ isolation });

    await runToIdle(
      `const all = await (await fetch("${origin}")).bytes();
       console.log(all.length, all.every((byte, index) => byte === (index * 7) % 251))`,
      "test.mjs",
    );

    expect(lines()).toEqual([`${size} true`]);
  });

  test("what is posted arrives whole", async () => {
    const origin = await serve((request, response) => {
      let size = 0;
      request.on("data", (chunk: Buffer) => {
        size += chunk.length;
      });
      request.on("end", () => response.end(`${request.method} ${size}`));
    });
    const { lines, runToIdle } = await openSandbox({ isolation });

    await runToIdle(
      `console.log(await (await fetch("${origin}", { method: "POST", body: new Uint8Array(3_000_000) })).text())`,
      "test.mjs",
    );

    expect(lines()).toEqual(["POST 3000000"]);
  });

  test("a sandbox whose script reads nothing of a large answer is idle", async () => {
    const origin = await serve((_request, response) => response.end(Buffer.alloc(10_000_000)));
    const { sandbox, lines, runToIdle } = await openSandbox({ isolation });

    await runToIdle(`fetch("${origin}").then(({ status }) => console.log(status))`);

    expect(lines()).toEqual(["200"]);
    expect((await sandbox.usage()).connections).toBe(1);
  });

  test("promises settle without update() where events wait for it", async () => {
    const origin = await serve(hello);
    const { lines, runToIdle } = await openSandbox({ isolation, delivery: "update" });

    await runToIdle(
      `fetch("${origin}").then((response) => response.json()).then(({ hello }) => console.log(hello))`,
    );

    expect(lines()).toEqual(["world"]);
  });

  test("a policy function is asked for each redirect, on the embedder's thread", async () => {
    const asked: string[] = [];
    const origin = await serve((request, response) => {
      if (request.url === "/a") response.writeHead(302, { Location: "/b" }).end();
      else response.end(request.headers["x-key"]);
    });
    const { lines, runToIdle } = await openSandbox({
      isolation,
      policy({ url }) {
        asked.push(url.href);
        const headers = { "X-Key": `for ${url.pathname}` };
        return { allow: true, addresses: { loopback: true }, connect: { headers } };
      },
    });

    await runToIdle(
      `fetch("${origin}/a").then((response) => response.text()).then((text) => console.log(text))`,
    );

    expect(asked).toEqual([`${origin}/a`, `${origin}/b`]);
    expect(lines()).toEqual(["for /b"]);
  });

  test("a transport of the embedder's is asked, too", async () => {
    const transport: Transport = {
      connect: () => expect.fail("not asked for"),
      request(request, sink) {
        setImmediate(() => {
          sink.head({ status: 200, statusText: "", headers: [["X-Url", request.url]] });
          sink.data(new TextEncoder().encode(request.method));
          sink.end();
        });
        return { abort() {}, pause() {}, resume() {} };
      },
    };
    const { lines, runToIdle } = await openSandbox({
      isolation,
      transport,
      policy: allowOrigins(["https://api.example"]),
    });

    await runToIdle(
      `const response = await fetch("https://api.example/x", { method: "DELETE" });
       console.log(response.headers.get("x-url"), await response.text())`,
      "test.mjs",
    );

    expect(lines()).toEqual(["https://api.example/x DELETE"]);
  });

  test("a transport without request() fails every fetch and nothing else", async () => {
    const { lines, runToIdle } = await openSandbox({
      isolation,
      transport: { connect: () => expect.fail("not asked for") },
      policy: allowOrigins(["https://api.example"]),
    });

    await runToIdle(`fetch("https://api.example/").catch((error) => console.log(String(error)))`);

    expect(lines()).toEqual(["TypeError: Failed to fetch"]);
  });

  test("closing the sandbox ends its fetches", async () => {
    const origin = await serve(() => {});
    const { sandbox, events } = await openSandbox({ isolation });
    await sandbox.run(`fetch("${origin}")`);

    await sandbox.close();

    expect(events.at(-1)).toMatchObject({ type: "finished", failure: { code: "ERR_ABORTED" } });
  });

  test("the group fetch can be left out", async () => {
    const { lines, runToIdle } = await openSandbox({ isolation, globals: ["console"] });

    await runToIdle(
      `console.log(["fetch", "Headers", "Request", "Response", "FormData"].map((name) => name in globalThis).join())`,
    );

    expect(lines()).toEqual(["false,false,false,false,false"]);
  });
});

test("a thread that ends in a fetch has told of its end", async () => {
  const origin = await serve(() => {});
  const { sandbox, events } = await openSandbox({
    isolation: "worker",
    limits: { maxTurnTime: 100 },
  });
  await sandbox.run(`fetch("${origin}"); setTimeout(() => { for (;;); }, 1)`);

  await sandbox.closed;

  expect(events.at(-1)).toMatchObject({ type: "finished", failure: { code: "ERR_ABORTED" } });
});

test("a context of the caller's fetches as well", async () => {
  const origin = await serve(hello);
  const { context } = await openEngine({ build: "bellard", maxMemory: 2 ** 26 });
  const lines: string[] = [];
  using binding = bindNetworkDevice(context, {
    policy: allowAllLoopback(),
    observe: (event) => event.type === "console" && lines.push(event.message),
  });

  context
    .unwrapResult(
      context.evalCode(
        `fetch("${origin}").then((response) => response.json()).then(({ hello }) => console.log(hello)); 0`,
      ),
    )
    .dispose();
  await binding.idle();

  expect(lines).toEqual(["world"]);
});

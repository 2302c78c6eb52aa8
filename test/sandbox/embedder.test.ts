import { describe, expect, onTestFinished, test } from "vitest";
import { allowOrigins } from "../../src/policy/allow-origins.ts";
import type { Grant } from "../../src/policy/policy.ts";
import { wsTransport } from "../../src/transport/ws.ts";
import { createCertificateAuthority } from "../support/certificates.ts";
import { startEchoServer } from "../support/echo-server.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { openEchoServer, openSandbox } from "../support/sandbox.ts";

describe.each(["none", "worker"] as const)("with isolation %j", (isolation) => {
  test("closing the sandbox closes the connections of the embedder's transport", async () => {
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

  test("each host has the authorities of its own grant", async () => {
    const authorities = [createCertificateAuthority(), createCertificateAuthority()] as const;
    const [lamp, relay, stranger] = await Promise.all([
      openSecureEcho(authorities[0].issue()),
      openSecureEcho(authorities[1].issue()),
      openSecureEcho(authorities[0].issue()),
    ]);
    const grant = (origin: string, ca: string): Grant => ({ origin, connect: { tls: { ca } } });
    const { runToIdle, lines, events } = await openSandbox({
      isolation,
      policy: allowOrigins([
        grant(lamp.url, authorities[0].cert),
        grant(relay.url, authorities[1].cert),
        grant(stranger.url, authorities[1].cert),
      ]),
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

import { describe, expect, test } from "vitest";
import { allLoopback, allowOrigins } from "../../src/policy/allow-origins.ts";
import { openEchoServer, openSandbox } from "../support/sandbox.ts";

// What a change of the policy does to real sockets; the rules of it are in test/network/policy-change.test.ts.

const script = `
  globalThis.sockets = NetworkDevice.args.map((url, index) => {
    const socket = new WebSocket(url);
    for (const type of ["open", "error", "close"]) {
      socket.addEventListener(type, ({ code }) => console.log(index, type, code));
    }
    return socket;
  });
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.addEventListener("open", resolve))));
`;

describe.each(["none", "worker"] as const)("with isolation %j", (isolation) => {
  test("revoking a grant closes the sockets that lived by it, and no other", async () => {
    const lamp = await openEchoServer();
    const hub = await openEchoServer();
    const origins = [lamp.url, hub.url].map((url) => new URL(url).origin);
    const { sandbox, lines, events } = await openSandbox({
      isolation,
      args: [lamp.url, hub.url],
      policy: allowOrigins(origins),
    });
    await sandbox.run(script, { type: "module" });
    const before = lines().length;

    await sandbox.setPolicy(allowOrigins(origins.slice(1)));

    await expect.poll(() => lines().slice(before)).toEqual(["0 error undefined", "0 close 1006"]);
    expect(events.findLast(({ type }) => type === "closed")).toMatchObject({
      connection: 1,
      failure: { stage: "open", code: "ERR_POLICY_REVOKED", host: new URL(lamp.url).host },
    });
    expect(await sandbox.usage()).toMatchObject({ connections: 1 });
    await sandbox.run(
      `new WebSocket(NetworkDevice.args[0]).onclose = () => console.log("refused")`,
    );
    await expect.poll(() => lines().at(-1)).toBe("refused");
  });

  test("a policy function in place of another is asked about every connection", async () => {
    const server = await openEchoServer();
    const asked: string[] = [];
    const { sandbox, lines } = await openSandbox({
      isolation,
      args: [server.url],
      policy: () => ({ allow: true, addresses: { loopback: true } }),
    });
    await sandbox.run(script, { type: "module" });

    await sandbox.setPolicy(async ({ url }) => {
      asked.push(url.href);
      return { allow: true, addresses: { loopback: true } };
    });
    expect(asked).toEqual([new URL(server.url).href]);
    expect((await sandbox.usage()).connections).toBe(1);
    await sandbox.setPolicy(() => ({ allow: false, reason: "no more" }));

    await expect.poll(() => lines().at(-1)).toBe("0 close 1006");
  });

  test("an address that new rules refuse closes its socket", async () => {
    const server = await openEchoServer();
    const { sandbox, lines } = await openSandbox({
      isolation,
      args: [server.url.replace("127.0.0.1", "localhost")],
      policy: allowOrigins(allLoopback),
    });
    await sandbox.run(script, { type: "module" });

    await sandbox.setPolicy(allowOrigins(allLoopback, { deny: ["ws://127.0.0.1:*"] }));

    await expect.poll(() => lines().at(-1)).toBe("0 close 1006");
  });

  test("a wrong policy is refused and changes nothing", async () => {
    const server = await openEchoServer();
    const { sandbox } = await openSandbox({ isolation, args: [server.url] });
    await sandbox.run(script, { type: "module" });

    const change = sandbox.setPolicy({ allow: ["lamp.example"] } as never);

    await expect(change).rejects.toMatchObject({ code: "ERR_OPTION", message: /has no scheme/ });
    expect((await sandbox.usage()).connections).toBe(1);
  });

  test("a closed sandbox takes no policy", async () => {
    const { sandbox } = await openSandbox({ isolation });
    await sandbox.close();

    await expect(sandbox.setPolicy({ allow: [] })).rejects.toMatchObject({ code: "ERR_CLOSED" });
  });
});

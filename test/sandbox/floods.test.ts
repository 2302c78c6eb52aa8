import { describe, expect, test } from "vitest";
import { openRawServer } from "../support/raw-server.ts";
import { openSandbox } from "../support/sandbox.ts";

describe.each(["none", "worker"] as const)("with isolation %j", (isolation) => {
  test("every timer up to the limit fires, and one more is refused", async () => {
    const { runToIdle, lines } = await openSandbox({ isolation, limits: { maxTimers: 5_000 } });

    await runToIdle(`
      let fired = 0;
      const fire = () => { if (++fired === 5_000) console.log("fired", fired) };
      for (let index = 0; index < 5_000; index++) setTimeout(fire, index % 50);
      try { setTimeout(fire, 0) } catch (error) { console.log(error.name) }
    `);

    expect(lines()).toEqual(["QuotaExceededError", "fired 5000"]);
  });

  test("connections beyond the limit fail, those below it open", async () => {
    const server = await openRawServer();
    const { sandbox, lines, events } = await openSandbox({
      isolation,
      args: [server.url],
      limits: { maxConnections: 4 },
    });

    const run = sandbox.run(
      `let failed = 0, opened = 0;
       await new Promise((resolve) => {
         const count = () => { if (failed + opened === 500) resolve() };
         for (let index = 0; index < 500; index++) {
           const socket = new WebSocket(NetworkDevice.args[0]);
           socket.onopen = () => { opened++; count() };
           socket.onclose = () => { failed++; count() };
         }
       });
       console.log(opened, failed);`,
      { type: "module" },
    );
    for (let index = 0; index < 4; index += 1) await server.accept();
    await run;

    expect(lines()).toEqual(["4 496"]);
    expect(events.filter((event) => event.type === "closed")).toHaveLength(496);
    expect(server.accepted).toBe(4);
    await expect(sandbox.usage()).resolves.toMatchObject({ connections: 4 });
  });

  test("a peer that does not read costs its connection once too much waits for it", async () => {
    const server = await openRawServer();
    const { sandbox, lines, events } = await openSandbox({
      isolation,
      args: [server.url],
      limits: { maxBufferedBytes: 1_000_000 },
    });

    const accepted = server.accept().then(({ socket }) => socket.pause());
    await sandbox.run(`
      const socket = new WebSocket(NetworkDevice.args[0]);
      const chunk = "x".repeat(100_000);
      const flood = () => { if (socket.readyState === 1) { socket.send(chunk); setTimeout(flood, 0) } };
      socket.onopen = flood;
      socket.onerror = () => console.log("error", socket.readyState);
      socket.onclose = ({ code }) => console.log("close", code, socket.bufferedAmount > 1_000_000);
    `);
    const socket = await accepted;
    await sandbox.idle();

    expect(lines()).toEqual(["error 3", "close 1006 true"]);
    expect(events.find(({ type }) => type === "closed")).toMatchObject({
      failure: { stage: "open", code: "ERR_LIMIT", message: /maxBufferedBytes/ },
    });
    await expect(sandbox.usage()).resolves.toMatchObject({ connections: 0, bufferedBytes: 0 });
    socket.resume();
    await server.empty();
  });
});

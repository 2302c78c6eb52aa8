// Makes sandboxes with the isolation that is given, and tells how long that takes and what memory they hold.
import { setTimeout as delay } from "node:timers/promises";
import { createSandbox } from "quickjs-network-device";
import { createTestSandbox } from "quickjs-network-device/testing";
import { serve } from "../process/child.js";
import { median } from "../statistics.js";

const isolation = process.argv[2];

await serve({
  /** Milliseconds from the call that makes a sandbox to the first line of its script, for each of `count`, one after the other. */
  async times({ count }) {
    const times = [];
    for (let index = 0; index < count; index += 1) {
      const start = performance.now();
      const { sandbox, line } = await createPrinting();
      times.push(line - start);
      await sandbox.close();
    }
    return times;
  },

  /**
   * Milliseconds of a test sandbox from its creation to its end, with one echo conversation, for each of `batches`: a mean over `count` of them, one
   * after the other.
   */
  async conversations({ count, batches }) {
    const times = [];
    for (let batch = 0; batch < batches; batch += 1) {
      const start = performance.now();
      for (let index = 0; index < count; index += 1) await converse();
      times.push((performance.now() - start) / count);
    }
    return times;
  },

  /** Resident bytes for each of `count` sandboxes that live at the same time. */
  async memory({ count }) {
    const kept = [await createPrinting(), await createPrinting()];
    const before = await settledMemory();
    for (let index = 0; index < count; index += 1) kept.push(await createPrinting());
    const bytes = (await settledMemory()) - before;
    for (const { sandbox } of kept) await sandbox.close();
    return bytes / count;
  },
});

async function converse() {
  const echo = {
    connect(peer) {
      peer.accept();
      peer.onmessage = (data) => peer.send(data);
    },
  };
  const sandbox = await createTestSandbox({
    peers: { "ws://echo.test": echo },
    script: `
      const socket = NetworkDevice.createWebSocket("ws://echo.test/");
      socket.onopen = () => socket.send("hello");
      socket.onmessage = () => socket.close(1000);
    `,
  });
  await sandbox.idle();
  await sandbox.close();
  if (sandbox.connections[0]?.received.length !== 1) throw new Error("There was no conversation");
}

/** A sandbox whose script has printed a line, and the time of that. */
async function createPrinting() {
  let printed;
  const line = new Promise((resolve) => (printed = resolve));
  const sandbox = await createSandbox({
    isolation,
    observe(event) {
      if (event.type === "console") printed(performance.now());
    },
  });
  await sandbox.run(`console.log("first line")`);
  return { sandbox, line: await line };
}

/** The median of several readings: threads collect their garbage when they like. */
async function settledMemory() {
  const readings = [];
  for (let reading = 0; reading < 7; reading += 1) {
    globalThis.gc();
    await delay(50);
    readings.push(process.memoryUsage.rss());
  }
  return median(readings);
}

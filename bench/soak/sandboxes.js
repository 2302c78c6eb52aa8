import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { allowOrigins, createSandbox, strictLimits } from "quickjs-network-device";
import { compareCounts, countHeld, settledCounts, settledMegabytes } from "./measure.js";

/** Of all sandboxes but those that loop, which have less time for it. */
const limits = { ...strictLimits, maxTurnTime: 10_000 };
const loopLimits = { ...limits, maxTurnTime: 200 };

/** Sandboxes made and ended one after another, in every way: nothing may be left of them. */
export async function sandboxes({ isShort, server, progress }) {
  // The process takes its full size with the first few hundred, and stays there.
  const [warmUp, total] = isShort ? [10, 30] : [300, 1_300];
  // Starts Node's own threads for files, which are not those of sandboxes.
  await readFile(fileURLToPath(import.meta.url));
  const figures = [];
  for (const isolation of ["worker", "none"]) {
    const start = countHeld();
    await endMany({ isolation, server, total: warmUp, progress });
    const [before, memoryBefore] = [await settledCounts(countHeld), await settledMegabytes()];
    await endMany({ isolation, server, total: total - warmUp, progress });
    const [after, memoryAfter] = [await settledCounts(countHeld), await settledMegabytes()];
    figures.push(
      { name: `${isolation}: sandboxes made and ended`, value: total, unit: "" },
      ...compareCounts(isolation, before, after),
      { name: `${isolation}: resident after warm-up`, value: memoryBefore, unit: "MB" },
      { name: `${isolation}: resident at the end`, value: memoryAfter, unit: "MB" },
      {
        name: `${isolation}: growth after warm-up`,
        value: (memoryAfter / memoryBefore - 1) * 100,
        unit: "%",
        atMost: isShort ? 30 : 10,
      },
    );
    if (isolation === "worker") {
      const value = after.threads - start.threads;
      figures.push({ name: "worker: threads of sandboxes left", value, unit: "", atMost: 0 });
    }
  }
  return figures;
}

async function endMany({ isolation, server, total, progress }) {
  const names = Object.keys(endings).filter(
    // Only a thread of its own can be ended inside a native call.
    (name) => isolation === "worker" || name !== "nativeLoop",
  );
  for (let index = 0; index < total; index += 1) {
    await endOne(isolation, server, names[index % names.length]);
    if ((index + 1) % 100 === 0) progress(`${isolation}: ${index + 1} sandboxes`);
  }
}

async function endOne(isolation, server, name) {
  const { source, limit } = endings[name];
  const limitsHit = [];
  const sandbox = await createSandbox({
    isolation,
    limits: limit === "maxTurnTime" ? loopLimits : limits,
    policy: allowOrigins([server]),
    args: [`${server}/echo`],
    observe(event) {
      if (event.type === "limit") limitsHit.push(event.limit);
    },
  });
  // Every sandbox ends with a connection that works and a timer that waits.
  await sandbox.run(connect, { type: "module" });
  await sandbox.run(source).catch(() => {});
  if (limit === undefined) await sandbox.close();
  await sandbox.closed;
  if (limitsHit.join() !== (limit ?? "")) {
    throw new Error(
      `${isolation}, ${name}: expected ${limit ?? "no limit"}, got ${limitsHit.join() || "none"}`,
    );
  }
}

const connect = `
  globalThis.socket = new WebSocket(NetworkDevice.args[0]);
  await new Promise((resolve) => (socket.onopen = resolve));
  socket.send("hello");
  await new Promise((resolve) => (socket.onmessage = resolve));
  setTimeout(() => {}, 60_000);
`;

/** Ways to end, with the limit that ends the sandbox; the others are closed afterwards. */
const endings = {
  close: { source: "socket.close()" },
  exception: { source: "throw new Error('on purpose')" },
  loop: { source: "for (;;) {}", limit: "maxTurnTime" },
  nativeLoop: {
    source: "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)",
    limit: "maxTurnTime",
  },
  memory: {
    source: `
      var kept = [];
      try { for (;;) kept.push(new ArrayBuffer(2 ** 16).slice()) } catch {}
      try { for (;;) kept = { kept } } catch {}
      setTimeout(() => {}, 0);
    `,
    limit: "maxMemory",
  },
};

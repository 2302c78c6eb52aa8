import { allowOrigins, createSandbox } from "quickjs-network-device";
import { compareCounts, countHeld, settledCounts, settledMegabytes } from "./measure.js";

const limits = {
  maxTurnTime: 10_000,
  maxConnections: 256,
  maxConnectRate: 1_000_000,
  maxConnectDelay: 0,
};

/** How a connection can end; the script below has a function for each. */
const kinds = ["close", "reset", "refusal", "destroyConnecting", "destroyOpen"];

/** Connections that come and go in every way: nothing may be left of them. */
export async function cycles({ isShort, server, progress }) {
  const [warmUp, each] = isShort ? [50, 200] : [500, 10_000];
  const figures = [];
  for (const isolation of ["worker", "none"]) {
    figures.push(...(await measure({ isolation, server, warmUp, each, progress })));
  }
  return figures;
}

async function measure({ isolation, server, warmUp, each, progress }) {
  const counted = { connecting: 0, open: 0, closed: 0 };
  const problems = [];
  const sandbox = await createSandbox({
    isolation,
    limits,
    policy: allowOrigins([server]),
    args: [server, ...kinds],
    observe(event) {
      if (event.type in counted) counted[event.type] += 1;
      if (event.type === "error" || event.type === "limit") problems.push(JSON.stringify(event));
    },
  });
  const count = async () => {
    const { connections, timers, queuedEvents } = await sandbox.usage();
    return { ...countHeld(), connections, timers, "waiting events": queuedEvents };
  };
  try {
    await sandbox.run(script);
    await sandbox.run(`await cycles(${warmUp})`, { type: "module" });
    const [before, memoryBefore] = [await settledCounts(count), await settledMegabytes()];
    for (let part = 1; part <= 4; part += 1) {
      await sandbox.run(`await cycles(${each / 4})`, { type: "module" });
      progress(`${isolation}: ${(each / 4) * part} cycles of each kind`);
    }
    const [after, memoryAfter] = [await settledCounts(count), await settledMegabytes()];
    if (problems.length > 0) throw new Error(problems.join("\n"));
    return [
      { name: `${isolation}: cycles after warm-up`, value: each * kinds.length, unit: "" },
      ...compareCounts(isolation, before, after),
      {
        name: `${isolation}: connections not reported as closed`,
        value: counted.connecting - counted.closed,
        unit: "",
        atMost: 0,
      },
      { name: `${isolation}: resident growth`, value: memoryAfter - memoryBefore, unit: "MB" },
    ];
  } finally {
    await sandbox.close();
  }
}

/** Defines `cycles(count)`: eight chains, each going through the kinds in turn. */
const script = `
  const [server, ...kinds] = NetworkDevice.args;
  function ended(socket) {
    return new Promise((resolve) => socket.addEventListener("close", resolve));
  }
  function opened(socket) {
    return new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error("The connection failed"));
    });
  }
  function pause(delay) {
    return new Promise((resolve) => setTimeout(resolve, delay));
  }
  function expect(event, code) {
    if (event.code !== code) throw new Error("Expected close code " + code + ", got " + event.code);
  }
  const cycle = {
    async close() {
      const socket = new WebSocket(server + "/echo");
      await opened(socket);
      socket.close(1000);
      expect(await ended(socket), 1000);
    },
    async reset() {
      const socket = new WebSocket(server + "/reset");
      expect(await ended(socket), 1006);
    },
    async refusal() {
      const socket = new WebSocket("ws://127.0.0.2:9999/");
      expect(await ended(socket), 1006);
    },
    // At once, in the middle of the TCP handshake, and while the server keeps silent.
    async destroyConnecting(turn) {
      const socket = new WebSocket(server + "/silent");
      if (turn % 3 > 0) await pause((turn % 3) * 2 - 2);
      socket.destroy();
    },
    async destroyOpen() {
      const socket = new WebSocket(server + "/echo");
      await opened(socket);
      socket.send("never mind");
      socket.destroy();
    },
  };
  async function chain(turns) {
    for (let turn = 0; turn < turns; turn += 1) {
      for (const kind of kinds) await cycle[kind](turn);
    }
  }
  async function cycles(count) {
    const chains = 10;
    await Promise.all(Array.from({ length: chains }, () => chain(count / chains)));
  }
`;

import { setMaxListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { allowOrigins, createSandbox, strictLimits } from "quickjs-network-device";
import { percentile } from "./measure.js";

/** The healthy have time: on a machine without a free processor a turn of a millisecond can take long. */
const limits = { ...strictLimits, maxTurnTime: 10_000 };
const restartPause = 500;
const hostileLimits = { ...limits, maxTurnTime: 300 };

/** Healthy sandboxes beside hostile ones: their messages must not wait. */
export async function neighbours({ isShort, server, hostileServer, progress }) {
  const [healthy, hostile] = isShort ? [14, 2] : [88, 12];
  const seconds = isShort ? 4 : 30;
  const delays = { roundTrip: [], lateness: [] };
  const sandboxes = [];
  for (let index = 0; index < healthy; index += 1)
    sandboxes.push(await startHealthy(server, delays));
  progress(`${healthy} healthy sandboxes`);

  await delay(1_000);
  const calm = await collect(delays, seconds);
  progress("measured without the hostile ones");

  const controller = new AbortController();
  setMaxListeners(hostile, controller.signal);
  const names = Object.keys(attacks);
  const counts = {};
  const attacking = Array.from({ length: hostile }, (_, index) =>
    attack(names[index % names.length], hostileServer, controller.signal, counts),
  );
  await delay(3_000);
  const hostileDelays = await collect(delays, seconds);
  progress("measured with the hostile ones");
  controller.abort();
  await Promise.all(attacking);
  const ends = await Promise.all(
    sandboxes.map(async (sandbox) => {
      await sandbox.close();
      return sandbox.closed;
    }),
  );
  return [
    { name: "healthy sandboxes", value: healthy, unit: "" },
    {
      name: "healthy sandboxes that ended",
      value: ends.filter((end) => end !== undefined).length,
      unit: "",
      atMost: 0,
    },
    { name: "hostile sandboxes at a time", value: hostile, unit: "" },
    {
      name: "hostile sandboxes ended",
      value: Object.values(counts).reduce((sum, count) => sum + count, 0),
      unit: "",
    },
    ...describe("alone", calm),
    ...describe("beside the hostile", hostileDelays, isShort ? 500 : 50),
  ];
}

async function collect(delays, seconds) {
  delays.roundTrip = [];
  delays.lateness = [];
  await delay(seconds * 1_000);
  return { ...delays };
}

function describe(title, { roundTrip, lateness }, atMost) {
  return [
    { name: `${title}: messages`, value: roundTrip.length, unit: "" },
    { name: `${title}: round trip, median`, value: percentile(roundTrip, 50), unit: "ms" },
    { name: `${title}: round trip, 99 %`, value: percentile(roundTrip, 99), unit: "ms", atMost },
    { name: `${title}: round trip, longest`, value: percentile(roundTrip, 100), unit: "ms" },
    { name: `${title}: timer late, 99 %`, value: percentile(lateness, 99), unit: "ms" },
  ];
}

async function startHealthy(server, delays) {
  const sandbox = await createSandbox({
    limits,
    policy: allowOrigins([server]),
    args: [`${server}/echo`],
    observe(event) {
      if (event.type !== "console") return;
      const [roundTrip, lateness] = JSON.parse(event.message);
      delays.roundTrip.push(...roundTrip);
      delays.lateness.push(...lateness);
    },
  });
  await sandbox.run(healthyScript, { type: "module" });
  return sandbox;
}

/** Sends five messages per second and tells their round trips, and how late the timers were, every two seconds. */
const healthyScript = `
  const socket = new WebSocket(NetworkDevice.args[0]);
  await new Promise((resolve) => (socket.onopen = resolve));
  const period = 200;
  let due = performance.now() + Math.random() * period;
  let roundTrips = [];
  let latenesses = [];
  setTimeout(function send() {
    const now = performance.now();
    latenesses.push(now - due);
    socket.send(String(now));
    due += period;
    setTimeout(send, due - performance.now());
  }, due - performance.now());
  socket.onmessage = ({ data }) => {
    roundTrips.push(performance.now() - Number(data));
    if (roundTrips.length < 10) return;
    console.log(JSON.stringify([roundTrips, latenesses]));
    roundTrips = [];
    latenesses = [];
  };
`;

/** Makes hostile sandboxes one after another; an embedder does not start a script that failed again at once. */
async function attack(name, server, signal, counts) {
  while (!signal.aborted) {
    try {
      const sandbox = await createSandbox({
        limits: hostileLimits,
        policy: allowOrigins([server]),
        args: [server],
        signal,
        observe() {},
      });
      // Some attacks stay within the limits: they end now and then, too.
      const timeout = setTimeout(() => void sandbox.close(), 5_000);
      sandbox.run(attacks[name]).catch(() => {});
      await sandbox.closed;
      clearTimeout(timeout);
      counts[name] = (counts[name] ?? 0) + 1;
      await delay(restartPause);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

const attacks = {
  loop: `for (;;) {}`,
  nativeLoop: `Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)`,
  memory: `
    let kept = [];
    for (;;) { try { for (;;) kept.push(new Uint8Array(2 ** 16).fill(1)) } catch { kept = [] } }
  `,
  console: `for (;;) console.log("flood".repeat(200))`,
  timers: `
    function flood() { try { for (;;) setTimeout(flood, 0) } catch {} }
    flood();
  `,
  connections: `
    function flood() {
      const socket = new WebSocket(NetworkDevice.args[0] + "/echo");
      socket.onopen = () => socket.close();
      socket.onclose = flood;
    }
    for (let index = 0; index < 8; index += 1) flood();
  `,
  jobs: `(async () => { for (;;) await null })()`,
  sort: `const sparse = []; sparse.length = 2 ** 32 - 1; sparse.sort()`,
  pattern: `/(a+)+$/.test("a".repeat(40) + "b")`,
  messages: `
    const socket = new WebSocket(NetworkDevice.args[0] + "/echo");
    socket.onopen = socket.onmessage = () => {
      for (let index = 0; index < 10; index += 1) socket.send("flood".repeat(200));
    };
    socket.onclose = () => { for (;;) {} };
  `,
  strings: `let text = "a"; for (;;) { try { for (;;) text += text } catch { text = "a" } }`,
  // Many turns that each stay within the limit.
  turns: `setInterval(() => { const end = Date.now() + 250; while (Date.now() < end) {} }, 0)`,
};

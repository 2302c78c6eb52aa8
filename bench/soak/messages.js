import { allowOrigins, createSandbox } from "quickjs-network-device";
import { residentMegabytes, slope } from "./measure.js";

const limits = { maxTurnTime: 10_000 };

/** Many messages through one socket: memory must not grow with their number. */
export async function messages({ isShort, server, progress }) {
  const total = isShort ? 50_000 : 1_000_000;
  const figures = [];
  for (const isolation of ["worker", "none"]) {
    const samples = await sampleMemory({ isolation, server, total, progress });
    figures.push(...summarise(isolation, samples, isShort));
  }
  return figures;
}

/** Echoes `total` messages; returns pairs of the messages so far and the resident megabytes then. */
async function sampleMemory({ isolation, server, total, progress }) {
  const samples = [];
  const problems = [];
  const sandbox = await createSandbox({
    isolation,
    limits,
    policy: allowOrigins([server]),
    args: [`${server}/echo`, String(total)],
    observe(event) {
      if (event.type === "console") {
        const count = Number(event.message);
        samples.push([count, residentMegabytes()]);
        if (count % (total / 5) === 0) progress(`${isolation}: ${count} messages`);
      } else if (event.type === "error" || event.type === "limit" || event.failure !== undefined) {
        problems.push(JSON.stringify(event));
      }
    },
  });
  try {
    await sandbox.run(script);
    await sandbox.idle();
  } finally {
    await sandbox.close();
  }
  if (problems.length > 0) throw new Error(problems.join("\n"));
  if (samples.at(-1)?.[0] !== total)
    throw new Error(`Only ${samples.length} % of the messages came back`);
  return samples;
}

function summarise(isolation, samples, isShort) {
  const total = samples.at(-1)[0];
  const warm = samples.filter(([count]) => count >= total / 5);
  const growth = slope(warm) * 100_000;
  return [
    { name: `${isolation}: messages echoed`, value: total, unit: "" },
    { name: `${isolation}: resident after warm-up`, value: warm[0][1], unit: "MB" },
    { name: `${isolation}: resident at the end`, value: warm.at(-1)[1], unit: "MB" },
    {
      name: `${isolation}: growth after warm-up`,
      value: growth,
      unit: "MB per 100,000 messages",
      // So few messages say little: the heap is still finding its size.
      atMost: isShort ? 100 : 1,
    },
  ];
}

/** Keeps 32 messages under way, text and binary in turns, and tells of every hundredth part. */
const script = `
  const [url, count] = NetworkDevice.args;
  const total = Number(count);
  const text = "m".repeat(64);
  const bytes = new Uint8Array(64).fill(1);
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  let sent = 0;
  let received = 0;
  function send() {
    if (sent === total) return;
    socket.send(sent % 2 === 0 ? text : bytes);
    sent += 1;
  }
  socket.onopen = () => {
    for (let index = 0; index < 32; index += 1) send();
  };
  socket.onmessage = ({ data }) => {
    if ((data.length ?? data.byteLength) !== 64) throw new Error("A message came back changed");
    received += 1;
    if (received % (total / 100) === 0) console.log(received);
    if (received === total) socket.close(1000);
    else send();
  };
`;

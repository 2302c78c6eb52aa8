import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { spread } from "../measure-rounds.js";

/** Rounds, and messages that are echoed, by length of the run. */
const plans = { quick: [1, 10_000], default: [2, 200_000], full: [5, 200_000] };

/** The most memory that the command takes, over plain Node with ws and the same script. */
export const peakMemory = {
  name: "peak-memory",
  title: "peak resident memory of the command",
  seconds: 25,
  async run({ server, lengths }) {
    const [rounds, count] = plans[lengths.name];
    const open = JSON.stringify({ url: server.url, outstanding: 64, kind: "text", size: 64 });
    const echoes = `peak resident memory of the command, ${count.toLocaleString("en")} echoes`;
    const folder = await mkdtemp(join(tmpdir(), "netdevice bench "));
    try {
      return [
        await measurePeaks({
          name: "peak-memory/idle",
          title: "peak resident memory of the command, idle with an open socket",
          target: 1.4,
          file: join(folder, "idle.js"),
          script: `workload.open(${open}).then(() => setTimeout(() => workload.close(), 300));`,
          rounds,
        }),
        await measurePeaks({
          name: "peak-memory/echoes",
          title: echoes,
          target: 1.3,
          file: join(folder, "echoes.js"),
          script: `workload.open(${open}).then(() => workload.run({ count: ${count} })).then(() => workload.close());`,
          rounds,
        }),
      ];
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

async function measurePeaks({ name, title, target, file, script, rounds }) {
  const workload = await readFile(localPath("../workloads/echo.js"), "utf8");
  await writeFile(file, `${workload}\n${script}\n`);
  const command = [localPath("../../dist/cli/main.js"), "run", file, "--allow", "ws://127.0.0.1:*"];
  const programs = {
    plain: [localPath("../runners/plain-script.js"), file],
    worker: command,
    none: [...command, "--isolation", "none"],
  };
  const peaks = { plain: [], worker: [], none: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const [runner, args] of Object.entries(programs)) {
      peaks[runner].push(await measurePeak(args));
    }
  }
  const ratios = (runner) => spread(peaks[runner].map((peak, round) => peak / peaks.plain[round]));
  return {
    name,
    title,
    unit: "ratio",
    target,
    results: { worker: ratios("worker"), none: ratios("none") },
    details: { megabytes: peaks },
  };
}

/** Megabytes. */
async function measurePeak(args) {
  const preload = ["--require", localPath("../runners/tell-peak.cjs")];
  const child = spawn(process.execPath, [...preload, ...args], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  const [kilobytes, [code]] = await Promise.all([text(child.stdio[3]), once(child, "exit")]);
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  return (Number(kilobytes) * 1_024) / 1e6;
}

function localPath(path) {
  return fileURLToPath(new URL(path, import.meta.url));
}

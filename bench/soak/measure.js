import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

const megabyte = 1e6;

/** Resident memory of this process in megabytes, after a garbage collection of this thread. */
export function residentMegabytes() {
  globalThis.gc();
  return process.memoryUsage.rss() / megabyte;
}

/**
 * Resident memory at rest: the median of several readings, because the threads of sandboxes collect their garbage when they like.
 *
 * @returns {Promise<number>} megabytes
 */
export async function settledMegabytes() {
  const readings = [];
  for (let reading = 0; reading < 5; reading += 1) {
    readings.push(residentMegabytes());
    await delay(50);
  }
  return percentile(readings, 50);
}

/** What this process holds open; file descriptors and threads only where there is a /proc. */
export function countHeld() {
  return {
    ...(process.platform === "linux"
      ? { descriptors: countEntries("/proc/self/fd"), threads: countEntries("/proc/self/task") }
      : {}),
    handles: process.getActiveResourcesInfo().length,
  };
}

/**
 * Counts until nothing has changed for a while, or patience is over: sockets and threads end some time after the call that
 * ends them.
 */
export async function settledCounts(count) {
  let counts = await count();
  let quietLooks = 0;
  for (let look = 0; look < 200 && quietLooks < 5; look += 1) {
    await delay(50);
    const next = await count();
    quietLooks = isDeepStrictEqual(next, counts) ? quietLooks + 1 : 0;
    counts = next;
  }
  return counts;
}

/** Figures that say whether each count is what it was after the warm-up. */
export function compareCounts(title, before, after) {
  return Object.keys(before).map((name) => ({
    name: `${title}: ${name} at the end`,
    value: after[name],
    unit: "",
    atMost: before[name],
  }));
}

/** The slope of the straight line with the least squared distance to the points. */
export function slope(points) {
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const variance = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return covariance / variance;
}

/** The value that `percent` of the values do not exceed. */
export function percentile(values, percent) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function countEntries(folder) {
  return readdirSync(folder).length;
}

// Is required before a program: tells the peak of its resident memory, in kilobytes, on descriptor 3 when it ends.
const { readFileSync, writeSync } = require("node:fs");
const { isMainThread } = require("node:worker_threads");

if (isMainThread) process.once("exit", () => writeSync(3, String(readPeak())));

function readPeak() {
  // What the system tells of a process elsewhere counts on Linux what its parent had when it started it.
  if (process.platform !== "linux") return process.resourceUsage().maxRSS;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]);
}

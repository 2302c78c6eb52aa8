import { events } from "./events.js";
import { fairness } from "./fairness.js";
import { manyMessagesGrowth, manySandboxesGrowth, manySocketsGrowth } from "./growth.js";
import { messages } from "./messages.js";
import { peakMemory } from "./peak-memory.js";
import { creation, residentMemory, testSandboxes } from "./sandboxes.js";
import { start } from "./start.js";

/**
 * All that can be measured. A scenario has a `name`, a `title`, the `seconds` that it takes about, and `run(bench)`, which resolves with
 * figures: `name`, `title`, `unit` (`ratio` to plain ws, or another), `target` (at most; by runner where they differ), and `results` by runner with `value`, `min`, `max`.
 */
export const scenarios = [
  ...messages,
  events,
  start,
  creation,
  testSandboxes,
  residentMemory,
  peakMemory,
  manySandboxesGrowth,
  manySocketsGrowth,
  manyMessagesGrowth,
  fairness,
];

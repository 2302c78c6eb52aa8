import { parentPort, workerData } from "node:worker_threads";
import { createOutput } from "./output.ts";
import { replaySession, type ReplayWork } from "./replay-session.ts";
import { UsageError } from "./usage-error.ts";

// The thread of a replay: virtual time needs the script on the thread of its peers, and a script must not block the command.

/** What the thread answers with, once. */
export type ReplayAnswer =
  | { readonly type: "ended"; readonly code: number }
  | { readonly type: "usage"; readonly message: string };

try {
  // Written from here: a reader that is slow makes the script wait.
  const output = createOutput({
    isBatched: false,
    onBroken: () => answer({ type: "ended", code: 0 }),
  });
  const code = await replaySession(workerData as ReplayWork, output);
  answer({ type: "ended", code });
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  answer({ type: "usage", message: error.message });
}

function answer(value: ReplayAnswer): void {
  parentPort?.postMessage(value);
}

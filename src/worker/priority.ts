import { readFileSync, readlinkSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

/** How much nicer a thread gets that was busy for long: the system still lets it run, after those that seldom do. */
const nicer = 5;

/** The nicest that there is. */
const maxNice = 19;

/** Number of the calling thread for the system; 0 where it cannot be told. */
export function ownThreadId(): number {
  try {
    // "<process>/task/<thread>"; Linux has it. In the /proc of another namespace the numbers mean others.
    const [ownProcess, , thread] = readlinkSync("/proc/thread-self").split("/");
    return Number(ownProcess) === process.pid ? Number(thread ?? 0) : 0;
  } catch {
    return 0;
  }
}

/** Milliseconds for which a thread of this process has had a processor; `undefined` where that cannot be told. */
export function processorTime(threadId: number): number | undefined {
  try {
    const nanoseconds = Number(
      readFileSync(`/proc/self/task/${threadId}/schedstat`, "latin1").split(" ")[0],
    );
    return nanoseconds / 1e6;
  } catch {
    return undefined;
  }
}

/** Lets other threads go first, for the rest of the thread's life: few systems let a process undo it. */
export function yieldProcessor(threadId: number): void {
  // 0 would be the caller.
  if (threadId === 0) return;
  try {
    setPriority(threadId, Math.min(maxNice, getPriority(threadId) + nicer));
  } catch {
    // Not permitted, or the thread has just ended.
  }
}

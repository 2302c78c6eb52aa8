import { readFileSync, readlinkSync } from "node:fs";
import { setPriority } from "node:os";

/** Nice value of a thread that was busy for long: the system still lets it run, after those that seldom do. */
const busyPriority = 5;

/** Number of the calling thread for the system; 0 where it cannot be told. */
export function ownThreadId(): number {
  try {
    // "<process>/task/<thread>"; Linux has it.
    return Number(readlinkSync("/proc/thread-self").split("/")[2] ?? 0);
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
  try {
    setPriority(threadId, busyPriority);
  } catch {
    // Not permitted, or the thread has just ended.
  }
}

/** Cells of the memory that a sandbox's thread shares with the thread outside. */
export const Cell = {
  /** Counts the beginnings and ends of turns: odd while one runs. */
  Turn: 0,
  /** 1 while the thread waits for the observer outside: that time is not the script's. */
  Blocked: 1,
  /** 1 while the watchdog looks. The thread asks for it when it finds 0. */
  Watched: 2,
  /** Bytes of events that have been observed, modulo 2^32. */
  Observed: 3,
  /** The thread's number for the system; 0 where it cannot be told. */
  ThreadId: 4,
  /** Slots of `task-slots.ts` that the thread has taken. */
  TaskSlots: 5,
} as const;

/** Makes the memory. */
export function createSharedState(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(Object.keys(Cell).length * 4));
}

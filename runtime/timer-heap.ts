import { createList } from "./intrinsics.ts";

/** One timer. Without `callback` it is cancelled, and only waits to be removed. */
export interface Timer {
  readonly id: number;
  readonly delay: number;
  readonly repeat: boolean;
  callback: (() => void) | undefined;
  /** When it is due, by the host's clock. */
  due: number;
  /** Decides between timers that are due at the same time. */
  sequence: number;
  nesting: number;
}

/** Cancelled timers that may stay in a heap however small it is. */
const maxDropped = 64;

/** A binary heap of timers by due time, then sequence. Cancelled timers leave it lazily. */
export class TimerHeap {
  #timers: Timer[] = createList();
  #dropped = 0;

  add(timer: Timer): void {
    this.#siftUp(timer, this.#timers.length);
  }

  /** The earliest timer that is not cancelled. */
  first(): Timer | undefined {
    let first = this.#timers[0];
    while (first !== undefined && first.callback === undefined) {
      this.removeFirst();
      this.#dropped -= 1;
      first = this.#timers[0];
    }
    return first;
  }

  removeFirst(): void {
    const timers = this.#timers;
    const last = timers[timers.length - 1];
    if (last === undefined) return;
    timers.length -= 1;
    if (timers.length > 0) this.#siftDown(last);
  }

  /** Tells that a timer in the heap has been cancelled. When most are, they leave together. */
  noteDropped(): void {
    this.#dropped += 1;
    if (this.#dropped <= maxDropped || this.#dropped * 2 <= this.#timers.length) return;
    const old = this.#timers;
    this.clear();
    for (let index = 0; index < old.length; index++) {
      const timer = old[index];
      if (timer?.callback !== undefined) this.add(timer);
    }
  }

  clear(): void {
    this.#timers = createList();
    this.#dropped = 0;
  }

  #siftUp(timer: Timer, start: number): void {
    const timers = this.#timers;
    let index = start;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = timers[parentIndex];
      if (parent === undefined || !isBefore(timer, parent)) break;
      timers[index] = parent;
      index = parentIndex;
    }
    timers[index] = timer;
  }

  #siftDown(timer: Timer): void {
    const timers = this.#timers;
    let index = 0;
    for (;;) {
      let childIndex = index * 2 + 1;
      let child = timers[childIndex];
      if (child === undefined) break;
      const right = timers[childIndex + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        childIndex += 1;
      }
      if (!isBefore(child, timer)) break;
      timers[index] = child;
      index = childIndex;
    }
    timers[index] = timer;
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.due < other.due || (one.due === other.due && one.sequence < other.sequence);
}

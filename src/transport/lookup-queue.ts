/** Look-ups of one sandbox at a time. */
const maxLookups = 2;

/**
 * Lets few name look-ups run at a time. Each takes one of the threads that the whole process has for such work, four unless
 * `UV_THREADPOOL_SIZE` says otherwise, for as long as the system's resolver takes: also after its connection has been given up.
 */
export class LookupQueue {
  readonly #waiting: Lookup[] = [];
  #running = 0;

  /** Calls `start` when it may begin, which then calls `done` once; not if nobody wants the answer any more. */
  enter(start: (done: () => void) => void, isWanted: () => boolean): void {
    this.#waiting.push({ start, isWanted });
    this.#pump();
  }

  #pump(): void {
    while (this.#running < maxLookups) {
      const lookup = this.#waiting.shift();
      if (lookup === undefined) return;
      if (!lookup.isWanted()) continue;
      this.#running += 1;
      let isDone = false;
      lookup.start(() => {
        if (isDone) return;
        isDone = true;
        this.#running -= 1;
        this.#pump();
      });
    }
  }
}

interface Lookup {
  start(done: () => void): void;
  isWanted(): boolean;
}

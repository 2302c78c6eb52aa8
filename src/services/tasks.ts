import { setTimeout } from "node:timers/promises";
import { returnTaskSlot, takeTaskSlot } from "./task-slots.ts";

/** Work that the host does meanwhile: takes a request and bytes, answers with bytes. May throw {@link TaskError} at once. */
export type TaskService = (json: string, data: ArrayBuffer) => Promise<Uint8Array>;

/** Why a task failed, as the script is to hear it. */
export class TaskError extends Error {
  /** Name of the `DOMException` that the script gets. */
  readonly exception: string;

  constructor(exception: string, message: string) {
    super(message);
    this.exception = exception;
  }
}

/** Options of {@link Tasks}. */
export interface TasksOptions {
  /** Services by name. */
  readonly services: Readonly<Record<string, TaskService>>;
  /** Is told of each piece of work that begins, which never rejects. @defaultValue nobody is */
  readonly started?: ((work: Promise<void>) => void) | undefined;
  /** Is told of a result. Until {@link Tasks.delivered} is called, the task counts as under way. */
  done(id: number, bytes: Uint8Array): void;
  /** Is told of a failure. */
  failed(id: number, exception: string, message: string): void;
}

/** Tasks under way, waiting ones included: more are refused. */
const maxTasks = 16_384;

/** Bytes of their requests together: more are refused, unless nothing else is under way. */
const maxTaskBytes = 64 * 2 ** 20;

/** Longest wait between two looks for a slot, in milliseconds: see `task-slots.ts`. */
const maxWait = 32;

/**
 * The tasks of one guest, one after another in the order of their start. The next one runs when the guest has the result: no heap of
 * results grows while a script is busy.
 */
export class Tasks {
  readonly #options: TasksOptions;
  #first: Waiting | undefined;
  #last: Waiting | undefined;
  #isRunning = false;
  #bytes = 0;
  /** Requests that are not delivered yet, by id. */
  readonly #sizes = new Map<number, number>();
  #nextId = 1;
  #stopped = false;

  constructor(options: TasksOptions) {
    this.#options = options;
  }

  /** Tasks whose outcome has not been delivered. */
  get count(): number {
    return this.#sizes.size;
  }

  /** Starts a task and answers its id; 0 when there are too many. @throws {TypeError} for a service that does not exist. */
  start(name: string, json: string, data: ArrayBuffer): number {
    const { services } = this.#options;
    const service = Object.hasOwn(services, name) ? services[name] : undefined;
    if (service === undefined) throw new TypeError("Expected the name of a service");
    const size = json.length + data.byteLength;
    const isFull = this.count >= maxTasks || this.#bytes + size > maxTaskBytes;
    if (this.#stopped || (isFull && this.count > 0)) return 0;
    const id = this.#nextId;
    this.#nextId += 1;
    this.#sizes.set(id, size);
    this.#bytes += size;
    const waiting: Waiting = { id, work: () => service(json, data), next: undefined };
    if (this.#last === undefined) this.#first = waiting;
    else this.#last.next = waiting;
    this.#last = waiting;
    this.#nextSoon();
    return id;
  }

  /** Is to be called when the guest has the outcome of a task: the next one can run. */
  delivered(id: number): void {
    this.#bytes -= this.#sizes.get(id) ?? 0;
    if (!this.#sizes.delete(id)) return;
    this.#isRunning = false;
    this.#nextSoon();
  }

  /** Drops what waits, and what comes of the rest. */
  stop(): void {
    this.#stopped = true;
    this.#first = this.#last = undefined;
    this.#sizes.clear();
  }

  /** Not at once: a turn of the guest is on the stack, whose time is the script's. */
  #nextSoon(): void {
    if (this.#first !== undefined) queueMicrotask(() => this.#next());
  }

  #next(): void {
    if (this.#isRunning || this.#first === undefined) return;
    const { id, work, next } = this.#first;
    this.#first = next;
    if (next === undefined) this.#last = undefined;
    this.#isRunning = true;
    const running = this.#run(id, work);
    // It never rejects.
    if (this.#options.started === undefined) void running;
    else this.#options.started(running);
  }

  async #run(id: number, work: () => Promise<Uint8Array>): Promise<void> {
    for (let wait = 1; !takeTaskSlot(); wait = Math.min(wait * 2, maxWait)) {
      await setTimeout(wait);
      if (this.#stopped) return;
    }
    let tell: () => void;
    try {
      const bytes = await work();
      tell = () => this.#options.done(id, bytes);
    } catch (error) {
      const { exception, message } =
        error instanceof TaskError
          ? error
          : new TaskError("OperationError", "The operation failed");
      tell = () => this.#options.failed(id, exception, message);
    }
    returnTaskSlot();
    if (!this.#stopped) tell();
  }
}

interface Waiting {
  readonly id: number;
  readonly work: () => Promise<Uint8Array>;
  next: Waiting | undefined;
}

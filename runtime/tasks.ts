import { EventKind } from "../src/boundary.ts";
/** What the host does meanwhile for the runtime. */
import { DOMException } from "./dom-exception.ts";
import { hostStartTask } from "./host.ts";
import { createMap, jsonParse } from "./intrinsics.ts";

/** Is told the outcome of a task. */
export interface Task {
  done(bytes: ArrayBuffer): void;
  failed(error: DOMException): void;
}

const waiting = createMap<number, Task>();

/**
 * Starts a task: see `HostCalls.startTask`.
 *
 * @throws {DOMException} `QuotaExceededError` when too much is under way. @throws when there is no memory left for it.
 */
export function startTask(service: string, json: string, data: ArrayBuffer, task: Task): void {
  const id = hostStartTask(service, json, data);
  if (id === 0) {
    throw new DOMException("Too many operations are under way", "QuotaExceededError");
  }
  waiting.set(id, task);
}

/** Takes the event that ends a task. */
export function settleTask(kind: EventKind, id: number, data: unknown): void {
  const task = waiting.get(id);
  if (task === undefined) return;
  waiting.delete(id);
  if (kind === EventKind.Result) return task.done(data as ArrayBuffer);
  const failure = jsonParse(data as string) as { readonly 0: string; readonly 1: string };
  task.failed(new DOMException(failure[1], failure[0]));
}

import { EventKind } from "../src/boundary.ts";
import { hostUpdated } from "./host.ts";
import { defineClassString, defineFunction } from "./interface.ts";
import { defineProperty, freeze, toArray } from "./intrinsics.ts";
import { handleSocketEvent, noteGone, WebSocket } from "./web-socket.ts";
import { checkArguments } from "./webidl.ts";

interface QueuedEvent {
  readonly kind: EventKind;
  readonly id: number;
  readonly data: string | ArrayBuffer | undefined;
  next: QueuedEvent | undefined;
}

/** The object `NetworkDevice` of a script. */
export interface NetworkDevice {
  /** Opens a connection. */
  createWebSocket(url: unknown, protocols?: unknown): WebSocket;
  /** Runs the callbacks of all events that have arrived. Without effect when they run by themselves. */
  update(): void;
}

/** How deep calls of `update()` in callbacks may nest: the innermost one leaves what waits to those around it. */
const maxNesting = 4;

/** The events that wait for `update()`. */
export class UpdateQueue {
  #first: QueuedEvent | undefined;
  #last: QueuedEvent | undefined;
  #nesting = 0;

  add(kind: EventKind, id: number, data: string | ArrayBuffer | undefined): void {
    if (kind === EventKind.Close) noteGone(id, data);
    const event: QueuedEvent = { kind, id, data, next: undefined };
    if (this.#last === undefined) this.#first = event;
    else this.#last.next = event;
    this.#last = event;
  }

  /**
   * Handles all events; a callback may do so too, though not to a depth where the stack ends and takes an event with it. Returns
   * whether none is left.
   */
  drain(): boolean {
    if (this.#nesting === maxNesting) return false;
    this.#nesting += 1;
    try {
      for (let event = this.#first; event !== undefined; event = this.#first) {
        this.#first = event.next;
        if (this.#first === undefined) this.#last = undefined;
        handleSocketEvent(event.kind, event.id, event.data, true);
      }
    } finally {
      this.#nesting -= 1;
    }
    return true;
  }

  clear(): void {
    this.#first = this.#last = undefined;
  }
}

/** Makes the device. `queue` is given when callbacks run in `update()` only. */
export function createNetworkDevice(
  queue: UpdateQueue | undefined,
  args: readonly string[],
): NetworkDevice {
  const device: NetworkDevice = {
    createWebSocket(url, protocols) {
      checkArguments("createWebSocket", arguments.length, 1);
      return new WebSocket(url, protocols);
    },
    update() {
      if (queue === undefined) return;
      if (queue.drain()) hostUpdated();
    },
  };
  defineFunction(device, "createWebSocket", device.createWebSocket, 1);
  defineFunction(device, "update", device.update, 0);
  defineProperty(device, "args", { value: freeze(toArray(args)), enumerable: true });
  defineClassString(device, "NetworkDevice");
  return device;
}

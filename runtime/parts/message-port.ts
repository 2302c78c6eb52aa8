import { dispatchStep } from "../dispatch.ts";
import { DOMException } from "../dom-exception.ts";
import { defineHandlers } from "../event-handler.ts";
import { EventTarget, listenersOf } from "../event-target.ts";
import { createEvent } from "../event.ts";
import { defineAttribute, defineInterface } from "../interface.ts";
import { getOwnPropertyDescriptor, invoke, TypeErrorOf } from "../intrinsics.ts";
import { createMessageEvent } from "../message-event.ts";
import type { PortOperations } from "../ports.ts";
import type { RuntimeScope } from "../scope.ts";
import { type CloneWithPorts, cloneMessage } from "../structured-clone.ts";
import { checkArguments, illegalInvocation, isObject } from "../webidl.ts";

interface Waiting {
  readonly message: CloneWithPorts;
  next: Waiting | undefined;
}

/** One end of a channel: what moves when a port is transferred. */
interface End {
  /** The object that scripts have for it. */
  port: MessagePort;
  /** The other end, until one of them is closed. */
  other: End | undefined;
  /** Whether messages are delivered, and do not only wait. */
  isEnabled: boolean;
  first: Waiting | undefined;
  last: Waiting | undefined;
}

/** Makes the constructor legal. */
const internal: object = { __proto__: null };

let scope: RuntimeScope;
let isPort: (value: unknown) => value is MessagePort;
let entangle: (one: MessagePort, other: MessagePort) => void;
let start: (port: MessagePort) => void;

/** Two ports that are connected to each other. */
export function createEntangledPorts(): readonly [one: object, other: object] {
  const one = new MessagePort(internal);
  const other = new MessagePort(internal);
  entangle(one, other);
  return [one, other];
}

/** See {@link PortOperations}. */
export let operations: PortOperations;

/** @see https://html.spec.whatwg.org/multipage/web-messaging.html#message-ports */
class MessagePort extends EventTarget {
  #end: End | undefined;
  /** Whether it has been closed or transferred. */
  #isDetached = false;

  constructor(key?: unknown) {
    if (key !== internal) throw new TypeErrorOf("Illegal constructor");
    super();
  }

  postMessage(message: unknown, transfer?: unknown): void {
    if (!(#end in this)) illegalInvocation();
    checkArguments("postMessage", arguments.length, 1);
    const target = this.#end?.other;
    let isDoomed = false;
    const clone = cloneMessage(message, transfer, (object) => {
      if (object === this) {
        throw new DOMException("postMessage: a port cannot transfer itself", "DataCloneError");
      }
      isDoomed ||= object === target?.port;
    });
    // A message that takes its own receiver along reaches nobody.
    if (target !== undefined && !isDoomed) enqueue(target, clone);
  }

  start(): void {
    if (!(#end in this)) illegalInvocation();
    start(this);
  }

  close(): void {
    if (!(#end in this)) illegalInvocation();
    this.#isDetached = true;
    const end = this.#end;
    const other = end?.other;
    if (end === undefined || other === undefined) return;
    end.other = other.other = undefined;
    scope.later(() => {
      const list = listenersOf(other.port, "close");
      scope.steps.push(dispatchStep(() => createEvent("close"), other.port, list));
    });
  }

  static {
    isPort = (value): value is MessagePort => isObject(value) && #end in value;
    entangle = (one, other) => {
      const oneEnd = createEnd(one);
      const otherEnd = createEnd(other);
      oneEnd.other = otherEnd;
      otherEnd.other = oneEnd;
      one.#end = oneEnd;
      other.#end = otherEnd;
    };
    start = (port) => {
      const end = port.#end;
      if (end === undefined || end.isEnabled) return;
      end.isEnabled = true;
      for (let one = end.first; one !== undefined; one = one.next) scope.later(() => deliver(end));
    };
    operations = {
      __proto__: null,
      isPort,
      isDetached: (port: MessagePort) => port.#isDetached,
      create: () => new MessagePort(internal),
      move: (from: MessagePort, to: MessagePort) => {
        const end = from.#end;
        from.#isDetached = true;
        from.#end = undefined;
        to.#end = end;
        if (end === undefined) return;
        end.port = to;
        end.isEnabled = false;
      },
    } as unknown as PortOperations;
  }
}

function createEnd(port: MessagePort): End {
  return { port, other: undefined, isEnabled: false, first: undefined, last: undefined };
}

function enqueue(end: End, message: CloneWithPorts): void {
  const waiting: Waiting = { message, next: undefined };
  if (end.last === undefined) end.first = waiting;
  else end.last.next = waiting;
  end.last = waiting;
  if (end.isEnabled) scope.later(() => deliver(end));
}

/** The task of one message. It finds nothing when the port has moved meanwhile: then its new object has tasks of its own. */
function deliver(end: End): void {
  const { first, port } = end;
  if (first === undefined || !end.isEnabled) return;
  end.first = first.next;
  if (first.next === undefined) end.last = undefined;
  const { value, ports } = first.message;
  const source = { origin: "", lastEventId: "", source: null, ports };
  const list = listenersOf(port, "message");
  scope.steps.push(dispatchStep(() => createMessageEvent(value, source, -1, null), port, list));
}

/** Defines the interface. */
export function defineMessagePort(target: object, given: RuntimeScope): void {
  scope = given;
  const { prototype } = MessagePort;
  const toPort = (value: unknown): object | undefined => (isPort(value) ? value : undefined);
  defineInterface(target, MessagePort, { name: "MessagePort", lengths: { postMessage: 1 } });
  defineHandlers(prototype, ["messageerror", "close"], toPort);
  const plain = { __proto__: null };
  defineHandlers(plain, ["message"], toPort);
  const { get, set } = getOwnPropertyDescriptor(plain, "onmessage") as Accessors;
  const { setHandler } = {
    setHandler(this: unknown, value: unknown): void {
      invoke(set, this, value);
      // The handler stands for `start()`.
      start(this as MessagePort);
    },
  };
  defineAttribute(prototype, "onmessage", get, setHandler);
}

interface Accessors {
  readonly get: () => unknown;
  readonly set: (value: unknown) => void;
}

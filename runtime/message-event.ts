import { Event, initializeEvent, trusted } from "./event.ts";
import { freeze, toArray, TypeErrorOf } from "./intrinsics.ts";
import {
  checkArguments,
  illegalInvocation,
  toDictionary,
  toDOMString,
  toSequence,
  toUSVString,
} from "./webidl.ts";

/** Where a message came from; one object for all messages of a socket. */
export interface MessageSource {
  readonly origin: string;
  readonly lastEventId: string;
  readonly source: null;
  /** Made when it is first asked for. */
  ports: readonly never[] | undefined;
}

/** A {@link MessageSource} with nothing but an origin. */
export function createMessageSource(origin: string): MessageSource {
  return { origin, lastEventId: "", source: null, ports: undefined };
}

/** Makes the trusted `message` event. */
export let createMessageEvent: (data: unknown, source: MessageSource) => MessageEvent;

/** @see https://html.spec.whatwg.org/#the-messageevent-interface */
export class MessageEvent extends Event {
  #data: unknown;
  #source: MessageSource | undefined;

  constructor(type: unknown, init?: unknown) {
    checkArguments("MessageEvent", arguments.length, 1);
    super(type, init);
    if (init === trusted) return;
    const members = toDictionary(init);
    const data = members?.["data"];
    const lastEventId = members?.["lastEventId"];
    const id = lastEventId === undefined ? "" : toDOMString(lastEventId);
    const origin = members?.["origin"];
    const convertedOrigin = origin === undefined ? "" : toUSVString(origin);
    const ports = toPorts(members?.["ports"]);
    const source = toSource(members?.["source"]);
    this.#data = data === undefined ? null : data;
    this.#source = { origin: convertedOrigin, lastEventId: id, source, ports };
  }

  get data(): unknown {
    if (!(#data in this)) illegalInvocation();
    return this.#data;
  }

  get origin(): string {
    if (!(#data in this)) illegalInvocation();
    return this.#source?.origin ?? "";
  }

  get lastEventId(): string {
    if (!(#data in this)) illegalInvocation();
    return this.#source?.lastEventId ?? "";
  }

  get source(): null {
    if (!(#data in this)) illegalInvocation();
    return null;
  }

  get ports(): readonly never[] {
    if (!(#data in this)) illegalInvocation();
    this.#source ??= createMessageSource("");
    this.#source.ports ??= freeze<never[]>([]);
    return this.#source.ports;
  }

  initMessageEvent(
    type: unknown,
    bubbles?: unknown,
    cancelable?: unknown,
    data: unknown = null,
    origin: unknown = "",
    lastEventId: unknown = "",
    source?: unknown,
    ports?: unknown,
  ): void {
    if (!(#data in this)) illegalInvocation();
    checkArguments("initMessageEvent", arguments.length, 1);
    const name = toDOMString(type);
    const from: MessageSource = {
      origin: toUSVString(origin),
      lastEventId: toDOMString(lastEventId),
      source: toSource(source),
      ports: toPorts(ports),
    };
    if (!initializeEvent(this, name, bubbles, cancelable)) return;
    this.#data = data;
    this.#source = from;
  }

  static {
    createMessageEvent = (data, source) => {
      const event = new MessageEvent("message", trusted);
      event.#data = data;
      event.#source = source;
      return event;
    };
  }
}

/** There is no window, port or worker that could be the source. */
function toSource(source: unknown): null {
  if (source !== undefined && source !== null) {
    throw new TypeErrorOf("MessageEvent: the source is not a MessageEventSource");
  }
  return null;
}

function toPorts(ports: unknown): readonly never[] | undefined {
  if (ports === undefined) return undefined;
  const list = toSequence(ports, (): never => {
    throw new TypeErrorOf("MessageEvent: a port is not a MessagePort");
  });
  return freeze(toArray(list));
}

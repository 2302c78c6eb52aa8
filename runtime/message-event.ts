import {
  Event,
  type EventState,
  initializeEvent,
  scriptState,
  stateOf,
  trustedDispatching,
  trusted,
} from "./event.ts";
import { hostNow } from "./host.ts";
import { freeze, toArray, TypeErrorOf } from "./intrinsics.ts";
import { isPort } from "./ports.ts";
import { checkArguments, toDictionary, toDOMString, toSequence, toUSVString } from "./webidl.ts";

/** Where a message came from; one object for all messages of a socket. */
export interface MessageSource {
  readonly origin: string;
  readonly lastEventId: string;
  readonly source: object | null;
  /** Made when it is first asked for. */
  ports: readonly object[] | undefined;
}

/** A {@link MessageSource} with nothing but an origin. */
export function createMessageSource(origin: string): MessageSource {
  return { origin, lastEventId: "", source: null, ports: undefined };
}

const kind = 5;

/**
 * Makes the trusted `message` event. `tenths` is its time in tenths of a millisecond; -1 where the host told none. With a target its
 * dispatch has begun.
 */
export function createMessageEvent(
  data: unknown,
  source: MessageSource,
  tenths: number,
  target: object | null,
): MessageEvent {
  const flags = target === null ? trusted : trustedDispatching;
  const time = tenths < 0 ? hostNow() : tenths / 10;
  return new MessageEvent(["message", flags, target, time, kind, data, source]);
}

/** Converts the arguments of the constructor. */
export function messageState(type: unknown, init: unknown): EventState {
  const state = scriptState(type, init);
  const members = toDictionary(init);
  const data = members?.["data"];
  const lastEventId = members?.["lastEventId"];
  const id = lastEventId === undefined ? "" : toDOMString(lastEventId);
  const origin = members?.["origin"];
  const convertedOrigin = origin === undefined ? "" : toUSVString(origin);
  const ports = toPorts(members?.["ports"]);
  const from: MessageSource = {
    origin: convertedOrigin,
    lastEventId: id,
    source: toSource(members?.["source"]),
    ports,
  };
  state[4] = kind;
  state[5] = data === undefined ? null : data;
  state[6] = from;
  return state;
}

/** @see https://html.spec.whatwg.org/#the-messageevent-interface */
export class MessageEvent extends Event {
  get data(): unknown {
    return stateOf(this, kind)[5];
  }

  get origin(): string {
    return read(this).origin;
  }

  get lastEventId(): string {
    return read(this).lastEventId;
  }

  get source(): object | null {
    return read(this).source;
  }

  get ports(): readonly object[] {
    const source = read(this);
    source.ports ??= freeze<object[]>([]);
    return source.ports;
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
    const state = stateOf(this, kind);
    checkArguments("initMessageEvent", arguments.length, 1);
    const name = toDOMString(type);
    const from: MessageSource = {
      origin: toUSVString(origin),
      lastEventId: toDOMString(lastEventId),
      source: toSource(source),
      ports: toPorts(ports),
    };
    if (!initializeEvent(this, name, bubbles, cancelable)) return;
    state[5] = data;
    state[6] = from;
  }
}

function read(event: unknown): MessageSource {
  return stateOf(event, kind)[6] as MessageSource;
}

/** There is no window or worker that could be the source. */
function toSource(source: unknown): object | null {
  if (source === undefined || source === null) return null;
  if (!isPort(source)) {
    throw new TypeErrorOf("MessageEvent: the source is not a MessageEventSource");
  }
  return source;
}

function toPorts(ports: unknown): readonly object[] | undefined {
  if (ports === undefined) return undefined;
  const list = toSequence(ports, (port) => {
    if (!isPort(port)) throw new TypeErrorOf("MessageEvent: a port is not a MessagePort");
    return port;
  });
  return freeze(toArray(list));
}

/**
 * Event handler attributes such as `onmessage`.
 *
 * @see https://html.spec.whatwg.org/#event-handler-attributes
 */
import { type ErrorDetails, errorDetails } from "./error-event.ts";
import { existingListeners, listenersOf } from "./event-target.ts";
import { cancelEvent, type Event } from "./event.ts";
import { defineAttribute } from "./interface.ts";
import { invoke } from "./intrinsics.ts";
import { Listener } from "./listener.ts";
import { illegalInvocation, isObject } from "./webidl.ts";

/** Calls the value of the attribute, whatever it is by then. */
class HandlerListener extends Listener {
  readonly #isGlobal: boolean;

  constructor(value: object, isGlobal: boolean) {
    super(value, false, false, false);
    this.#isGlobal = isGlobal;
  }

  override run(event: Event, target: object): unknown {
    const handler = this.callback;
    if (typeof handler !== "function") return undefined;
    const details = this.#isGlobal ? errorDetails(event) : undefined;
    if (details !== undefined) return runOnError(handler, event, target, details);
    const result = invoke(handler, target, event);
    if (result === false) cancelEvent(event);
    return result;
  }

  override matches(): boolean {
    return false;
  }
}

/** Defines the attributes `on` + type. `toThis` returns the target, or `undefined` for an object of another kind. */
export function defineHandlers(
  holder: object,
  types: readonly string[],
  toThis: (value: unknown) => object | undefined,
  isGlobal: boolean = false,
): void {
  const toTarget = (value: unknown): object => toThis(value) ?? illegalInvocation();
  for (let index = 0; index < types.length; index++) {
    const type = types[index] as string;
    const { get, set } = handlerAccessors(type, toTarget, isGlobal);
    defineAttribute(holder, "on" + type, get, set);
  }
}

function handlerAccessors(
  type: string,
  toThis: (value: unknown) => object,
  isGlobal: boolean,
): { get(this: unknown): unknown; set(this: unknown, value: unknown): void } {
  return {
    get(this: unknown): unknown {
      return existingListeners(toThis(this), type)?.handler?.callback ?? null;
    },
    set(this: unknown, value: unknown): void {
      setHandler(toThis(this), type, value, isGlobal && type === "error");
    },
  };
}

function setHandler(target: object, type: string, value: unknown, isGlobalError: boolean): void {
  const list = listenersOf(target, type);
  const { handler } = list;
  if (!isObject(value)) {
    // Null, and what is no object: the handler loses its place in the order.
    if (handler !== undefined) list.remove(handler);
    list.handler = undefined;
  } else if (handler !== undefined) {
    handler.callback = value;
  } else {
    list.handler = new HandlerListener(value, isGlobalError);
    list.add(list.handler);
  }
}

/** The global's `onerror` takes five arguments, and `true` stands for handled. */
function runOnError(handler: object, event: Event, target: object, details: ErrorDetails): unknown {
  const { message, file, line, column, error } = details;
  const result = invoke(handler, target, message, file, line, column, error);
  if (result === true) cancelEvent(event);
  return result;
}

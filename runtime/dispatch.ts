/**
 * Runs the listeners of one event.
 *
 * @see https://dom.spec.whatwg.org/#concept-event-dispatch
 */
import {
  beginDispatch,
  endDispatch,
  type Event,
  isPropagationStopped,
  isStopped,
  setPassive,
} from "./event.ts";
import { createList, invoke } from "./intrinsics.ts";
import type { Listener, ListenerList } from "./listener.ts";
import type { RuntimeScope } from "./scope.ts";

let scope: RuntimeScope;
/** The event whose last listener has run, but not yet the promise jobs that belong to its dispatch. */
export let unfinished: Event | undefined;

/** Takes what dispatching needs of the scope. */
export function connectDispatch(given: RuntimeScope): void {
  scope = given;
}

/** Ends the dispatch of the last event from the host. Called first in every entry of the host. */
export function finishDispatch(): void {
  if (unfinished === undefined) return;
  endDispatch(unfinished);
  unfinished = undefined;
}

/** A dispatch that runs one listener at a time. */
export class Dispatch {
  readonly #event: Event;
  readonly #target: object;
  readonly #list: ListenerList;
  readonly #caught: (exception: unknown) => void;
  #items: readonly Listener[];
  #index = 0;
  /** Whether this is the pass for capturing listeners, which comes first. */
  #capture: boolean;

  constructor(
    event: Event,
    target: object,
    list: ListenerList,
    caught: (exception: unknown) => void,
    byScript: boolean,
  ) {
    this.#event = event;
    this.#target = target;
    this.#list = list;
    this.#caught = caught;
    this.#capture = list.captures > 0;
    // A script may have stopped the event before it dispatches it.
    this.#items = isPropagationStopped(event) ? createList() : share(list);
    beginDispatch(event, target, byScript);
  }

  /** Runs the next listener. Returns whether others may follow. */
  next(): boolean {
    for (;;) {
      const listener = this.#items[this.#index++];
      if (listener === undefined) {
        if (!this.#capture || isPropagationStopped(this.#event)) return false;
        // The second pass sees what the listeners of the first one added.
        this.#capture = false;
        this.#items = share(this.#list);
        this.#index = 0;
      } else if (!listener.removed && listener.capture === this.#capture) {
        runListener(listener, this.#list, this.#event, this.#target, this.#caught);
        if (isStopped(this.#event)) return false;
        return this.#capture || this.#index < this.#items.length;
      }
    }
  }
}

/** Dispatches an event while a script runs: all listeners, one after the other. */
export function dispatchNow(
  event: Event,
  target: object,
  list: ListenerList,
  byScript: boolean,
): void {
  const dispatch = new Dispatch(event, target, list, scope.report, byScript);
  try {
    while (dispatch.next());
  } finally {
    // Reached also when the script's own recursion has left too little stack.
    endDispatch(event);
  }
}

/**
 * Dispatches an event from the host that cannot be canceled and whose dispatch has begun, to a plain listener, the only one of its
 * list, with no step waiting. It runs at once and makes nothing but the event; everything else goes by steps.
 */
export function dispatchToOne(
  event: Event,
  target: object,
  list: ListenerList,
  listener: Listener,
): void {
  const { callback } = listener;
  scope.steps.count += 1;
  list.isShared = true;
  unfinished = event;
  try {
    if (typeof callback === "function") invoke(callback, target, event);
    else listener.run(event, target);
  } catch (exception) {
    scope.reportNext(exception);
  }
}

/** A step that dispatches the event of `create`, made when the step is due. */
export function dispatchStep(
  create: () => Event | undefined,
  target: object,
  list: ListenerList,
): () => boolean {
  let dispatch: Dispatch | undefined;
  let event: Event | undefined;
  return () => {
    if (dispatch === undefined) {
      if (list.items.length > 0) event = create();
      if (event === undefined) return false;
      dispatch = new Dispatch(event, target, list, scope.reportNext, false);
    }
    const more = dispatch.next();
    if (!more) unfinished = event;
    return more;
  };
}

function share(list: ListenerList): readonly Listener[] {
  list.isShared = true;
  return list.items;
}

function runListener(
  listener: Listener,
  list: ListenerList,
  event: Event,
  target: object,
  caught: (exception: unknown) => void,
): void {
  const { passive } = listener;
  if (listener.once) list.remove(listener);
  if (passive) setPassive(event, true);
  try {
    listener.run(event, target);
  } catch (exception) {
    caught(exception);
  }
  if (passive) setPassive(event, false);
}

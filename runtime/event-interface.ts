import type { Event, EventState } from "./event.ts";
import { defineInterface, type InterfaceDescription } from "./interface.ts";
import { construct, defineProperty, setPrototypeOf, TypeErrorOf } from "./intrinsics.ts";
import { checkArguments } from "./webidl.ts";

/** What {@link defineEventInterface} needs beside the shape. */
export interface EventDescription extends InterfaceDescription {
  /** Arguments that the constructor requires. */
  readonly length: number;
  /** Converts the arguments of the constructor. */
  readonly toState: (type: unknown, init: unknown) => EventState;
  /** Interface object of the parent. */
  readonly parent?: object;
}

/**
 * Defines an interface of events. Scripts get a constructor of their own, which converts its arguments; behind it is the class
 * whose constructor takes the state as it is, and makes the runtime's own events without detour. Both share the prototype.
 */
export function defineEventInterface(
  global: object,
  implementation: typeof Event,
  description: EventDescription,
): object {
  const { name, length, toState, parent } = description;
  const shell = function (type: unknown, init: unknown): object {
    if (new.target === undefined) throw new TypeErrorOf(name + ": the constructor requires new");
    checkArguments(name, arguments.length, length);
    return construct(implementation, [toState(type, init)], new.target) as object;
  } as unknown as typeof Event;
  const { prototype } = implementation;
  defineProperty(shell, "prototype", {
    __proto__: null,
    value: prototype,
    writable: false,
  } as PropertyDescriptor);
  defineProperty(prototype, "constructor", {
    __proto__: null,
    value: shell,
  } as PropertyDescriptor);
  if (parent !== undefined) setPrototypeOf(shell, parent);
  defineInterface(global, shell, description);
  return shell;
}

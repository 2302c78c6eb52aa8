import type { Clock } from "../../clock.ts";
import { SandboxError } from "../../errors.ts";
import type { ConnectionFailure, FailureCode } from "../../events.ts";
import type { Filter, Link } from "../relay.ts";

/** Something that goes wrong between a script and a server. Made by the functions named after what goes wrong. */
export interface Fault {
  /** Name of the function that made it. */
  readonly name: string;
  /** Is called once for each network that has the fault: what it answers is shared by all its connections. */
  start(world: FaultWorld): FaultyNetwork;
}

/** What a fault works with. */
export interface FaultWorld {
  readonly clock: Clock;
  /** A number from 0 up to 1, the same for the same seed. */
  random(): number;
}

/** A {@link Fault} at work. */
export interface FaultyNetwork {
  /** Decides whether and when a connection or an HTTP request may begin. Absent: at once. */
  admit?(attempt: Attempt): void;
  /** What becomes of one connection's messages. Absent: they pass. */
  filter?(link: Link): Filter;
  /** What becomes of the answer to one HTTP request: calls back when a part of it, of so many bytes, arrives. Absent: at once. */
  answer?(): (arrive: () => void, bytes: number) => void;
}

/** A connection or an HTTP request that wants to begin. */
export interface Attempt {
  pass(): void;
  fail(code: FailureCode, message: string, more?: Partial<ConnectionFailure>): void;
}

/** When a fault happens to an open connection; without either, as soon as it is open. Of both the first that comes counts. */
export interface FaultTrigger {
  /** Milliseconds after it was opened. */
  readonly afterTime?: number;
  /** Messages that the script has received. */
  readonly afterMessages?: number;
}

/** A filter that lets everything pass and calls `happen` once when a trigger says so. */
export function triggered(
  { clock }: FaultWorld,
  { afterTime, afterMessages }: FaultTrigger,
  happen: () => void,
): Filter {
  let hasHappened = false;
  let messages = 0;
  const once = (): void => {
    if (!hasHappened) happen();
    hasHappened = true;
  };
  return {
    down(item, pass) {
      pass(item);
      if (item.type === "opened") {
        if (afterTime !== undefined) clock.schedule(once, afterTime);
        else if (afterMessages === undefined || afterMessages === 0) clock.schedule(once, 0);
      } else if (item.type === "message") {
        messages += 1;
        if (messages === afterMessages) once();
      }
    },
  };
}

/** Throws unless an option of a fault is a number from `min`. */
export function checkNumber(fault: string, option: string, value: unknown, min = 0): void {
  if (typeof value === "number" && value >= min) return;
  throw new SandboxError(
    "ERR_OPTION",
    `${option} of ${fault}() must be a number from ${min}, got ${String(value)}`,
  );
}

/** Throws unless the options of a trigger are numbers from 0. */
export function checkTrigger(fault: string, { afterTime, afterMessages }: FaultTrigger): void {
  checkNumber(fault, "afterTime", afterTime ?? 0);
  checkNumber(fault, "afterMessages", afterMessages ?? 0);
}

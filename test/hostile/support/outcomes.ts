import type { ConnectionFailure } from "../../../src/events.ts";
import type { Limits } from "../../../src/limits.ts";
import { stillHere } from "./attack.ts";

/**
 * What has to come of an attack, from the guest's and the host's side. Letters: D refused as by policy, S a synchronous exception of
 * the standard, G an error that the script can catch, K the sandbox is ended, C clamped or queued, N no effect, F the connection
 * fails.
 */
export interface Outcome {
  readonly letter: "D" | "S" | "G" | "K" | "C" | "N" | "F";
  /** Everything that the script prints; a K says what it printed before. */
  readonly guest: readonly unknown[];
  /** Failures of its connections, in the order of their ends. */
  readonly failures: readonly Partial<ConnectionFailure>[];
  /** Uncaught exceptions that are reported to the host. */
  readonly uncaught: readonly unknown[];
  /** Limits that are reported to the host, without repetitions. */
  readonly limits: readonly (keyof Limits)[];
  /** Connections that the hostile server sees. */
  readonly accepted: number | undefined;
  /** The limit that ends the sandbox. */
  readonly endedBy: keyof Limits | undefined;
}

/** What a failed connection looks like to every script, whatever the cause. */
export const failedLines: readonly string[] = ["error", "close 1006 false"];

const nothing: Omit<Outcome, "letter"> = {
  guest: [],
  failures: [],
  uncaught: [],
  limits: [],
  accepted: undefined,
  endedBy: undefined,
};

/** D: every connection looks failed to the script, the host learns why, and the server sees nothing. */
export function refused(failure: Partial<ConnectionFailure>, count = 1): Outcome {
  return {
    ...nothing,
    letter: "D",
    guest: [...Array.from({ length: count }, () => failedLines).flat(), stillHere],
    failures: Array.from({ length: count }, () => ({ stage: "policy" as const, ...failure })),
    accepted: 0,
  };
}

/** S: the constructor or method throws, and nothing of it reaches the host. */
export function throwing(...names: readonly string[]): Outcome {
  const guest = [...names.map((name) => `threw ${name}`), stillHere];
  return { ...nothing, letter: "S", guest, accepted: 0 };
}

/** G: the script prints these lines and goes on. */
export function caught(...lines: readonly unknown[]): Outcome {
  return { ...nothing, letter: "G", guest: [...lines, stillHere] };
}

/** K: a limit ends the sandbox; its open connections are lost, and the script prints nothing after `lines`. */
export function killed(
  endedBy: keyof Limits = "maxTurnTime",
  lines: readonly unknown[] = [],
): Outcome {
  return { ...nothing, letter: "K", guest: lines, limits: [endedBy], endedBy };
}

/** C: the script prints these lines and goes on. */
export function clamped(lines: readonly unknown[], more: Partial<Outcome> = {}): Outcome {
  return { ...nothing, letter: "C", guest: [...lines, stillHere], ...more };
}

/** N: the script prints what it would print without the attack. */
export function harmless(lines: readonly unknown[], more: Partial<Outcome> = {}): Outcome {
  return { ...nothing, letter: "N", guest: [...lines, stillHere], ...more };
}

/** F: the connection fails, after `lines`. */
export function failing(
  failure: Partial<ConnectionFailure>,
  lines: readonly string[] = [],
  more: Partial<Outcome> = {},
): Outcome {
  return {
    ...nothing,
    letter: "F",
    guest: [...lines, ...failedLines, stillHere],
    failures: [failure],
    ...more,
  };
}

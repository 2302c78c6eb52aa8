import type { ConnectionFailure, FailureCode, FailureStage } from "../events.ts";
import { effectivePort } from "../policy/origin-pattern.ts";

/** Describes a failure of a connection to `url`. */
export function failureOf(
  url: string,
  stage: FailureStage,
  code: FailureCode,
  message: string,
  more: Partial<ConnectionFailure> = {},
): ConnectionFailure {
  const target = new URL(url);
  return { stage, code, message, host: `${target.hostname}:${effectivePort(target)}`, ...more };
}

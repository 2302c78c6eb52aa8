import { SandboxError } from "../errors.ts";
import { checkDefaults, checkRules, formatPath, PolicyError } from "./policy-check.ts";
import type { AddressRules, ConnectOptions, Grant, PolicyRules } from "./policy.ts";

/** Options of {@link allowOrigins}. */
export interface AllowOptions {
  /** Address rules of the grants that bring none. @defaultValue see {@link Grant.addresses} */
  readonly addresses?: AddressRules;
  /** Patterns that are never reachable; as addresses also for names that resolve to them. @defaultValue none */
  readonly deny?: readonly string[];
  /** Connect options of the grants that bring none. @defaultValue none */
  readonly connect?: ConnectOptions;
}

/**
 * Makes a policy that allows the given origins and nothing else. The result is plain data: it can be stored and posted.
 *
 * @throws {SandboxError} `ERR_OPTION` for the first pattern or option that is wrong; the message says what to write.
 *
 * @example
 * ```ts
 * allowOrigins(["wss://api.example.com", "ws://lamp.local", "ws://192.168.0.0/16:*"], {
 *   deny: ["ws://192.168.1.1:*"],
 * });
 * ```
 */
export function allowOrigins(
  grants: readonly (string | Grant)[],
  options: AllowOptions = {},
): PolicyRules {
  return withOptionErrors(() => {
    const { deny, ...defaults } = checkDefaults(options);
    const allow = Array.isArray(grants)
      ? grants.map((grant: unknown) => complete(grant, defaults))
      : grants;
    return checkRules({ allow, ...(deny === undefined ? {} : { deny }) });
  });
}

/**
 * Grants for every port of this machine's loopback addresses and `localhost` names, with credentials in URLs: for development and
 * tests. Ports that the fetch standard calls bad stay closed.
 */
export const allLoopback: readonly Grant[] = ["ws", "wss", "http", "https"].flatMap((scheme) =>
  ["localhost", "*.localhost", "127.0.0.0/8", "[::1]"].map((host) => ({
    origin: `${scheme}://*@${host}:*`,
    addresses: { loopback: true },
  })),
);

/** Makes a policy of {@link allLoopback} and nothing else. */
export function allowAllLoopback(): PolicyRules {
  return allowOrigins(allLoopback);
}

/**
 * Checks rules that did not come from {@link allowOrigins} and copies them.
 *
 * @throws {SandboxError} `ERR_OPTION` for the first thing that is wrong.
 */
export function checkedRules(rules: unknown): PolicyRules {
  return withOptionErrors(() => checkRules(rules));
}

function withOptionErrors<Value>(check: () => Value): Value {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    const path = formatPath(error.path);
    const message = path === "" ? error.message : `${path}: ${error.message}`;
    throw new SandboxError("ERR_OPTION", `policy: ${message}`, { cause: error });
  }
}

function complete(grant: unknown, defaults: Omit<Grant, "origin">): unknown {
  if (typeof grant === "string") return { origin: grant, ...defaults };
  return typeof grant === "object" && grant !== null ? { ...defaults, ...grant } : grant;
}

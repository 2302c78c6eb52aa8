import { fileURLToPath } from "node:url";
import { type GuestGlobal, guestGlobals } from "./boundary.ts";
import { SandboxError } from "./errors.ts";
import type { Observer, SandboxEvent } from "./events.ts";
import type { ModuleSource } from "./modules/module-source.ts";
import { checkedRules } from "./policy/allow-origins.ts";
import type { NetworkPolicy } from "./policy/policy.ts";
import { containedTransport } from "./transport/contained-transport.ts";
import type { Transport } from "./transport/transport.ts";

/** Refuses every connection. The default policy. */
export const denyAll: NetworkPolicy = { allow: [] };

/** Groups of globals that a guest gets unless the embedder says otherwise. */
const defaultGlobals: readonly GuestGlobal[] = guestGlobals.filter((name) => name !== "turbulenz");

/** Throws for what is no object of options, and for a name that is none of `names`: it would silently count for nothing. */
export function checkNames<Options extends object>(
  option: string,
  options: Options,
  names: Readonly<Record<keyof Options, true>>,
): void {
  // Callers without types pass anything.
  const given: unknown = options;
  if (typeof given !== "object" || given === null) throw expected(option, "an object", given);
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(names, name)) continue;
    const known = Object.keys(names).join(", ");
    throw new SandboxError("ERR_OPTION", `${name} is not an option; expected one of ${known}`);
  }
}

/** Checks the groups of globals. */
export function resolveGlobals(
  globals: readonly GuestGlobal[] = defaultGlobals,
): readonly GuestGlobal[] {
  if (!Array.isArray(globals)) throw expected("globals", "an array of names", globals);
  for (const name of globals) checkChoice("globals", name, guestGlobals);
  return globals;
}

/** Throws unless `value` is one of `choices`. */
export function checkChoice<Choice extends string>(
  option: string,
  value: unknown,
  choices: readonly Choice[],
): asserts value is Choice {
  if (!choices.some((choice) => choice === value)) {
    throw new SandboxError(
      "ERR_OPTION",
      `${option} must be one of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}, got ${describe(value)}`,
    );
  }
}

/** Throws unless `value` is a boolean. */
export function checkBoolean(option: string, value: unknown): asserts value is boolean {
  if (typeof value !== "boolean") throw expected(option, "a boolean", value);
}

/** Checks the base URL of a guest: an absolute URL of a scheme that relative WebSocket URLs can be resolved against. */
export function resolveBaseUrl(baseUrl: string | URL | undefined): string | undefined {
  if (baseUrl === undefined) return undefined;
  const text = String(baseUrl);
  const isBase = URL.canParse(text) && /^(?:https?|wss?):$/.test(new URL(text).protocol);
  if (!isBase) throw expected("baseUrl", "an absolute http, https, ws or wss URL", text);
  return text;
}

/** Checks a policy, also rules that were written by hand. */
export function resolvePolicy(policy: NetworkPolicy = denyAll): NetworkPolicy {
  if (typeof policy === "function") return policy;
  // Callers without types pass anything.
  if (typeof policy !== "object" || policy === null) {
    throw expected("policy", "a function or the result of allowOrigins()", policy);
  }
  return checkedRules(policy);
}

/** Checks what `import` finds; a `file:` URL becomes a path, which can be posted to a thread. */
export function resolveModules(
  modules: ModuleSource | undefined,
): Exclude<ModuleSource, URL> | undefined {
  if (modules === undefined || typeof modules === "string") return modules;
  if (typeof modules !== "object" || modules === null) {
    throw expected("modules", "a path, a file: URL or sources by name", modules);
  }
  if (modules instanceof URL) {
    if (modules.protocol !== "file:") throw expected("modules", "a file: URL", modules.href);
    return fileURLToPath(modules);
  }
  for (const [name, source] of Object.entries(modules)) {
    if (typeof source !== "string")
      throw expected(`modules[${JSON.stringify(name)}]`, "a string", source);
  }
  return modules;
}

/** Checks a transport of the embedder's own, and keeps what it throws from the sandbox. */
export function resolveTransport(transport: Transport | undefined): Transport | undefined {
  if (transport === undefined) return undefined;
  // Callers without types pass anything.
  const given: { readonly connect?: unknown } | null = transport;
  if (typeof given?.connect !== "function") {
    throw expected("transport", "an object with a method connect()", transport);
  }
  return containedTransport(transport);
}

/** Checks the arguments of a script. */
export function resolveArgs(args: readonly string[] = []): readonly string[] {
  if (!Array.isArray(args) || args.some((value: unknown) => typeof value !== "string")) {
    throw expected("args", "an array of strings", args);
  }
  return args;
}

/** Wraps an observer so that what it throws surfaces outside of the sandbox's turn, as an uncaught exception of the host. */
export function guardObserver(observe: Observer | undefined): (event: SandboxEvent) => void {
  if (observe === undefined) return () => {};
  if (typeof observe !== "function") throw expected("observe", "a function", observe);
  return (event) => {
    try {
      observe(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}

function expected(option: string, what: string, value: unknown): SandboxError {
  return new SandboxError("ERR_OPTION", `${option} must be ${what}, got ${describe(value)}`);
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null)
    return Array.isArray(value) ? "an array" : "an object";
  return String(value);
}

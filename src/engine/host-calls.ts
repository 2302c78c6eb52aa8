import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten";
import type { HostCalls } from "../boundary.ts";
import { type DirectKind, installDirectCalls } from "./direct-calls.ts";
import type { Values } from "./values.ts";

/** Kinds of arguments: `data` is text or an `ArrayBuffer`. */
type Kind = "number" | "boolean" | "text" | "bytes" | "data";

/** What each host call takes. Checked before anything else: a script may have got hold of these functions. */
const parameters: Readonly<Record<keyof HostCalls, readonly Kind[]>> = {
  connect: ["text"],
  send: ["number", "data", "number"],
  close: ["number", "number", "text"],
  abort: ["number"],
  bufferedAmount: ["number"],
  updated: [],
  now: [],
  setAlarm: ["number"],
  log: ["number", "text"],
  alert: ["text"],
  report: ["text"],
  settled: ["number", "text"],
  randomBytes: ["number"],
  encode: ["text"],
  decode: ["text", "boolean", "bytes"],
  encodingName: ["text"],
  url: ["text"],
};

/**
 * Makes the guest object whose methods are `calls`. Its prototype is null, so that nothing a script did to
 * `Object.prototype` takes part in making or reading it.
 *
 * A call with wrong arguments, and one that throws on the host, throws a fixed text in the guest: no message of the host crosses.
 */
export function exposeHostCalls(
  context: QuickJSContext,
  values: Values,
  calls: HostCalls,
): QuickJSHandle {
  const object = context.newObject(context.null);
  for (const [name, call] of hostFunctions(context, values, calls)) {
    const fn = context.newFunction(name, call);
    context.defineProp(object, name, { value: fn, enumerable: true });
    fn.dispose();
  }
  return object;
}

/**
 * Stands in for {@link exposeHostCalls} in a context whose memory comes from an image: the guest's functions exist and refer to
 * host functions by number, in the order of their making.
 */
export function adoptHostCalls(context: QuickJSContext, values: Values, calls: HostCalls): void {
  const { hostRefs } = context.runtime as unknown as {
    readonly hostRefs: { put(fn: HostFunction): number };
  };
  for (const [, call] of hostFunctions(context, values, calls)) hostRefs.put(call);
}

type HostFunction = Parameters<QuickJSContext["newFunction"]>[1] & object;

function hostFunctions(
  context: QuickJSContext,
  values: Values,
  calls: HostCalls,
): (readonly [name: string, call: HostFunction])[] {
  // The cause stays here: whatever the host had to say is not for the script.
  const refusal = (): QuickJSHandle => values.text("Host call refused");
  const directCalls = installDirectCalls(context, refusal);
  return Object.entries(parameters).map(([name, kinds]) => {
    const call = calls[name as keyof HostCalls] as (...input: unknown[]) => unknown;
    const fn: HostFunction = (...handles) => {
      try {
        const input: unknown[] = [];
        for (const [index, kind] of kinds.entries()) {
          input.push(readArgument(context, handles[index], kind));
        }
        return makeResult(context, values, call.apply(calls, input));
      } catch {
        return { error: refusal() };
      }
    };
    const directKinds = kinds.map(directKind);
    if (directKinds.every((kind) => kind !== undefined)) {
      directCalls?.add(fn, {
        kinds: directKinds,
        call: (input) => makeResult(context, values, call.apply(calls, input)),
      });
    }
    return [name, fn];
  });
}

/** Data goes directly when it is text. */
function directKind(kind: Kind): DirectKind | undefined {
  if (kind === "bytes") return undefined;
  return kind === "data" ? "text" : kind;
}

class ArgumentError extends Error {}

function readArgument(
  context: QuickJSContext,
  handle: QuickJSHandle | undefined,
  kind: Kind,
): unknown {
  if (handle === undefined) throw new ArgumentError("missing argument");
  // typeof first: reading a number or text out of an object would run the script's own conversions.
  const type = context.typeof(handle);
  switch (kind) {
    case "number":
      if (type !== "number") break;
      return context.getNumber(handle);
    case "boolean":
      if (type !== "boolean") break;
      // The ng build has no `eq`; dumping runs script code for objects only.
      return context.dump(handle) === true;
    case "text":
      if (type !== "string") break;
      return context.getString(handle);
    case "bytes":
      if (type !== "object") break;
      return copyBytes(context, handle);
    case "data":
      if (type === "string") return context.getString(handle);
      if (type === "object") return copyBytes(context, handle);
      break;
  }
  throw new ArgumentError(`expected ${kind}, got ${type}`);
}

/** Copies an `ArrayBuffer` out of the guest; throws for any other object. */
function copyBytes(context: QuickJSContext, handle: QuickJSHandle): ArrayBuffer {
  const view = context.getArrayBuffer(handle);
  try {
    return new Uint8Array(view.value).buffer;
  } finally {
    view.dispose();
  }
}

function makeResult(
  context: QuickJSContext,
  values: Values,
  result: unknown,
): QuickJSHandle | undefined {
  switch (typeof result) {
    case "string":
      return values.text(result);
    case "number":
      return context.newNumber(result);
    case "boolean":
      return result ? context.true : context.false;
    case "object":
      return values.buffer(new Uint8Array(result as ArrayBuffer));
    default:
      return undefined;
  }
}

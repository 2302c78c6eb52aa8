import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten";
import type { HostCalls } from "../boundary.ts";
import { partSource } from "./guest-parts.ts";
import { addHostFunction } from "./internals.ts";
import { declined, type HostCallback, type RawEngine, type ValueKind } from "./raw-engine.ts";
import { checked, type Values } from "./values.ts";

/** Kinds of arguments: `data` is text or an `ArrayBuffer`. */
type Kind = "number" | "boolean" | "text" | "bytes" | "data";

/** What each host call takes. Checked before anything else: a script may have got hold of these functions. */
const parameters = {
  connect: ["text"],
  send: ["number", "data", "number"],
  close: ["number", "number", "text"],
  abort: ["number"],
  bufferedAmount: ["number"],
  fetch: ["text", "boolean", "bytes"],
  fetchRead: ["number"],
  fetchAbort: ["number"],
  updated: [],
  now: [],
  setAlarm: ["number"],
  log: ["number", "text"],
  alert: ["text"],
  report: ["text"],
  exceeded: ["number"],
  settled: ["number", "text"],
  randomBytes: ["number"],
  encode: ["text"],
  decode: ["text", "boolean", "bytes"],
  encodingName: ["text"],
  url: ["text"],
  startTask: ["text", "text", "bytes"],
  part: ["number"],
} as const satisfies Record<keyof HostCalls, readonly Kind[]>;

/**
 * What the host does when the guest calls. As {@link HostCalls}, but messages come as they are: texts in UTF-8 or as a string, and
 * bytes that are only valid during the call.
 */
export interface HostActions extends Omit<HostCalls, "send" | "part"> {
  send(id: number, data: string | Uint8Array<ArrayBuffer>, isText: boolean): void;
}

/** The context that calls, and the ways to its values. */
export interface CallingContext {
  readonly context: QuickJSContext;
  readonly values: Values;
  readonly raw: RawEngine | undefined;
}

/**
 * Makes the guest object whose methods are `actions`. Its prototype is null, so that nothing a script did to
 * `Object.prototype` takes part in making or reading it.
 *
 * A call with wrong arguments, and one that throws on the host, throws a fixed text in the guest: no message of the host crosses.
 */
export function exposeHostCalls(calling: CallingContext, actions: HostActions): QuickJSHandle {
  const { context } = calling;
  const object = context.newObject(context.null);
  for (const [name, call] of hostFunctions(calling, actions)) {
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
export function adoptHostCalls(calling: CallingContext, actions: HostActions): void {
  for (const [, call] of hostFunctions(calling, actions)) addHostFunction(calling.context, call);
}

type HostFunction = Parameters<QuickJSContext["newFunction"]>[1] & object;

function hostFunctions(
  calling: CallingContext,
  actions: HostActions,
): (readonly [name: string, call: HostFunction])[] {
  const { context, values, raw } = calling;
  const calls = publicCalls(actions);
  return Object.entries(parameters).map(([name, kinds]) => {
    if (name === "part") return [name, (index) => evaluatePart(calling, index)];
    const call = calls[name as keyof typeof calls] as Call;
    const fn: HostFunction = (...handles) => {
      try {
        const input: unknown[] = [];
        for (const [index, kind] of kinds.entries()) {
          input.push(readArgument(context, handles[index], kind));
        }
        return makeResult(context, values, call(...input));
      } catch {
        // The cause stays here: whatever the host had to say is not for the script.
        return { error: values.text(refusal) };
      }
    };
    raw?.intercept(fn, name === "send" ? rawSend(raw, actions) : rawCall(raw, kinds, call));
    return [name, fn];
  });
}

/** `HostCalls.part`. */
function evaluatePart(
  { context, values }: CallingContext,
  index: QuickJSHandle | undefined,
): ReturnType<HostFunction> {
  try {
    const source = partSource(readArgument(context, index, "number") as number);
    // The engine would write a source that it has no room for over its own data.
    values.checkRoom(source.length * 2);
    const result = context.evalCode(source, runtimeName, { type: "global", strict: true });
    if (result.error === undefined) return result.value;
    result.error.dispose();
  } catch {
    // Nothing of the host's error is for the script.
  }
  return { error: values.text(refusal) };
}

type Call = (...input: unknown[]) => unknown;

const refusal = "Host call refused";

/** Name of the guest runtime in stack traces. */
export const runtimeName = "netdevice:runtime";

/** The calls as the engine's public interface brings them: its text is not exact for every string. */
function publicCalls(actions: HostActions): Omit<HostCalls, "part"> {
  return {
    ...actions,
    send(id, data, length) {
      if (typeof data !== "string") actions.send(id, new Uint8Array(data), false);
      else if (length === -1) actions.send(id, parseText(data), true);
      else if (data.length !== length) return true;
      else actions.send(id, data, true);
      return false;
    },
  };
}

/**
 * A call without handles, which cost several times what the work itself does: a script can print a million times. Other arguments
 * than expected go the public way.
 */
function rawCall(raw: RawEngine, kinds: readonly Kind[], call: Call): HostCallback {
  return (count, values) => {
    if (count < kinds.length) return declined;
    try {
      const input: unknown[] = [];
      for (let index = 0; index < kinds.length; index += 1) {
        const value = raw.argument(values, index);
        const kind = raw.kindOf(value);
        if (kind !== kinds[index]) return declined;
        input.push(readValue(raw, value, kind));
      }
      return makeValue(raw, call(...input));
    } catch {
      return raw.throwValue(raw.newText(refusal));
    }
  };
}

/** The hot one: what is sent is read where the engine keeps it. */
function rawSend(raw: RawEngine, actions: HostActions): HostCallback {
  return (count, values) => {
    if (count < parameters.send.length) return declined;
    const id = raw.argument(values, 0);
    const data = raw.argument(values, 1);
    const kind = raw.kindOf(data);
    if (raw.kindOf(id) !== "number" || (kind !== "text" && kind !== "bytes")) return declined;
    try {
      if (kind === "text") actions.send(raw.number(id), raw.textBytes(data), true);
      else actions.send(raw.number(id), raw.bufferBytes(data), false);
      return 0;
    } catch {
      return raw.throwValue(raw.newText(refusal));
    }
  };
}

function readValue(raw: RawEngine, value: number, kind: ValueKind): unknown {
  switch (kind) {
    case "number":
      return raw.number(value);
    case "boolean":
      return raw.boolean(value);
    case "text":
      return raw.text(value);
    case "bytes":
      return new Uint8Array(raw.bufferBytes(value)).buffer;
    default:
      throw new ArgumentError(`unexpected ${kind}`);
  }
}

function makeValue(raw: RawEngine, result: unknown): number {
  switch (typeof result) {
    case "string":
      return checked(raw.newText(result), result.length);
    case "number":
      return checked(raw.newNumber(result), 0);
    case "boolean":
      return checked(raw.newBoolean(result), 0);
    case "object":
      // The only objects that calls answer.
      return checked(raw.newBuffer(new Uint8Array(result as ArrayBuffer)), 0);
    default:
      return 0;
  }
}

function parseText(json: string): string {
  const value: unknown = JSON.parse(json);
  if (typeof value !== "string") throw new ArgumentError("expected a text");
  return value;
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

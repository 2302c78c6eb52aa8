import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten";

/** Kinds of arguments that are read without a handle. */
export type DirectKind = "number" | "boolean" | "text";

/** What stands behind a host function that can be called directly. */
export interface DirectCall {
  readonly kinds: readonly DirectKind[];
  /** Answers the result, or nothing for `undefined`. What it throws becomes the refusal. */
  call(input: (number | boolean | string)[]): QuickJSHandle | undefined;
}

/** The engine's public host function, which a {@link DirectCall} stands for. */
type HostFunction = (...handles: QuickJSHandle[]) => unknown;

/**
 * Calls host functions without the engine's scopes, generators and handles, which cost several times what the work itself does: a
 * script can print or send a million times.
 *
 * Replaces the function by which the engine's WebAssembly reaches the context. A call with other arguments than expected, and
 * every function that was not added, goes the engine's own way.
 */
export interface DirectCalls {
  add(fn: HostFunction, direct: DirectCall): void;
}

/**
 * Installs {@link DirectCalls} in a context, or nothing when the engine has another shape than the pinned version. `refusal` makes
 * what the guest gets when a call throws.
 */
export function installDirectCalls(
  context: QuickJSContext,
  refusal: () => QuickJSHandle,
): DirectCalls | undefined {
  const internals = engineInternals(context);
  if (internals === undefined) return undefined;
  const { module, ffi, callbacks, hostRefs, pointer } = internals;
  const known = new Map<unknown, DirectCall>();
  const callFunction = callbacks.callFunction;

  callbacks.callFunction = (...call) => {
    const [from, , count, values, id] = call;
    const direct = known.get(hostRefs.get(id));
    if (direct === undefined || from !== pointer) return callFunction(...call);
    const input = read(direct.kinds, count, values);
    if (input === undefined) return callFunction(...call);
    try {
      const result = direct.call(input);
      return result?.consume(({ value }) => ffi.QTS_DupValuePointer(pointer, value)) ?? 0;
    } catch {
      return refuse();
    }
  };

  function refuse(): number {
    try {
      return refusal().consume(({ value }) => ffi.QTS_Throw(pointer, value));
    } catch {
      // There is no memory for a text.
      return ffi.QTS_Throw(pointer, context.undefined.value);
    }
  }

  function read(
    kinds: readonly DirectKind[],
    count: number,
    values: number,
  ): (number | boolean | string)[] | undefined {
    if (count < kinds.length) return undefined;
    const input: (number | boolean | string)[] = [];
    for (let index = 0; index < kinds.length; index += 1) {
      const kind = kinds[index];
      const value = ffi.QTS_ArgvGetJSValueConstPointer(values, index);
      if (kindOf(value) !== kind) return undefined;
      if (kind === "text") input.push(readText(value));
      else {
        const number = ffi.QTS_GetFloat64(pointer, value);
        input.push(kind === "number" ? number : number === 1);
      }
    }
    return input;
  }

  /** By the first letters of what `typeof` answers. */
  function kindOf(value: number): DirectKind | undefined {
    const address = ffi.QTS_Typeof(pointer, value);
    const { HEAPU8 } = module;
    const [first, second] = [HEAPU8[address], HEAPU8[address + 1]];
    module._free(address);
    if (first === letter.n) return "number";
    if (first === letter.s && second === letter.t) return "text";
    return first === letter.b && second === letter.o ? "boolean" : undefined;
  }

  function readText(value: number): string {
    const address = ffi.QTS_GetString(pointer, value);
    const text = module.UTF8ToString(address);
    ffi.QTS_FreeCString(pointer, address);
    return text;
  }

  return {
    add(fn, direct) {
      known.set(fn, direct);
    },
  };
}

/** Codes of letters in "number", "string", "symbol", "boolean", "bigint". */
const letter = { b: 0x62, n: 0x6e, o: 0x6f, s: 0x73, t: 0x74 } as const;

/** Numbers are addresses. */
interface EngineInternals {
  readonly module: {
    _free(address: number): void;
    UTF8ToString(address: number): string;
    readonly HEAPU8: Uint8Array<ArrayBuffer>;
  };
  readonly ffi: {
    QTS_ArgvGetJSValueConstPointer(values: number, index: number): number;
    QTS_DupValuePointer(context: number, value: number): number;
    QTS_FreeCString(context: number, text: number): void;
    QTS_GetFloat64(context: number, value: number): number;
    QTS_GetString(context: number, value: number): number;
    QTS_Throw(context: number, value: number): number;
    QTS_Typeof(context: number, value: number): number;
  };
  readonly callbacks: {
    callFunction(
      context: number,
      thisValue: number,
      count: number,
      values: number,
      id: number,
    ): number;
  };
  readonly hostRefs: { get(id: number): unknown };
  /** The context. */
  readonly pointer: number;
}

const moduleFunctions = ["_free", "UTF8ToString"] as const;
const ffiFunctions = [
  "QTS_ArgvGetJSValueConstPointer",
  "QTS_DupValuePointer",
  "QTS_FreeCString",
  "QTS_GetFloat64",
  "QTS_GetString",
  "QTS_Throw",
  "QTS_Typeof",
] as const;

function engineInternals(context: QuickJSContext): EngineInternals | undefined {
  const { module, ffi, ctx, cToHostCallbacks } = context as unknown as {
    readonly module?: Partial<EngineInternals["module"]>;
    readonly ffi?: Partial<EngineInternals["ffi"]>;
    readonly ctx?: { readonly value?: unknown };
    readonly cToHostCallbacks?: Partial<EngineInternals["callbacks"]>;
  };
  const { hostRefs } = context.runtime as unknown as {
    readonly hostRefs?: Partial<EngineInternals["hostRefs"]>;
  };
  const pointer = ctx?.value;
  if (
    !moduleFunctions.every((name) => typeof module?.[name] === "function") ||
    !ffiFunctions.every((name) => typeof ffi?.[name] === "function") ||
    !(module?.HEAPU8 instanceof Uint8Array) ||
    typeof cToHostCallbacks?.callFunction !== "function" ||
    typeof hostRefs?.get !== "function" ||
    typeof pointer !== "number"
  ) {
    return undefined;
  }
  return {
    module: module as EngineInternals["module"],
    ffi: ffi as EngineInternals["ffi"],
    callbacks: cToHostCallbacks as EngineInternals["callbacks"],
    hostRefs: hostRefs as EngineInternals["hostRefs"],
    pointer,
  };
}

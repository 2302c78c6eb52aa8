import { createRequire } from "node:module";
import { SourceError } from "./source-error.ts";

/** Replaces the types of TypeScript sources by blanks, so that every line and column stays where it is. */
export interface TypeStripper {
  /**
   * Returns the source without its types.
   *
   * The compiler is loaded by the first call in a thread, which takes some 50 ms.
   *
   * @param file name for errors
   * @param type how the result will be parsed
   * @throws {SourceError} a `SyntaxError` with its place, if the source does not parse or needs more than blanks (`enum`, parameter
   * properties, `namespace` with values, `import x = require()`); one without, if it is larger than {@link maxTypeScriptBytes} or
   * breaks the compiler
   */
  strip(source: string, file: string, type?: "script" | "module"): string;
}

/** Bytes in UTF-8 of the largest TypeScript source: the compiler takes up to 350 times as much. */
export const maxTypeScriptBytes: number = 2 ** 20;

/**
 * Creates the {@link TypeStripper} of one sandbox.
 *
 * It allows for one source that breaks the compiler (for example by nesting too deep for its stack), and refuses TypeScript from
 * then on: each broken compiler is memory that waits for the collector.
 */
export function createTypeStripper(): TypeStripper {
  let isBroken = false;
  return {
    strip(source, file, type = "module") {
      const bytes = Buffer.byteLength(source);
      if (bytes > maxTypeScriptBytes) throw tooLarge(bytes);
      if (isBroken) throw refuse("an earlier source of this sandbox broke the compiler");
      try {
        return transform(source, file, type);
      } catch (error) {
        if (isDiagnostic(error)) throw describe(error, file, type);
        isBroken = true;
        compiler = undefined;
        throw refuse("the source is nested too deeply");
      }
    },
  };
}

/** Whether a file of that name holds TypeScript. */
export function isTypeScript(file: string): boolean {
  return /\.m?ts$/i.test(file);
}

type Compiler = typeof import("@swc/wasm-typescript") & {
  readonly __wasm: { readonly memory: WebAssembly.Memory };
};

/** The compiler of this thread, once it is needed. */
let compiler: Compiler | undefined;

/** Bytes of the compiler's memory, which never shrinks, from which on it is not kept for the next source. */
const maxKeptMemory = 64 * 2 ** 20;

function transform(source: string, file: string, type: "script" | "module"): string {
  compiler ??= loadCompiler();
  const { transformSync, __wasm } = compiler;
  try {
    return transformSync(source, {
      mode: "strip-only",
      filename: file,
      module: type === "module",
    }).code;
  } finally {
    if (__wasm.memory.buffer.byteLength > maxKeptMemory) compiler = undefined;
  }
}

/** Loads a compiler that nothing but its user refers to, so that it can be dropped. */
function loadCompiler(): Compiler {
  // Synchronous, because the engine asks for modules synchronously; lazy, because the compiler is 3.7 MB. A new `require` each
  // time, because each keeps what it has loaded, as does the cache.
  const require: NodeJS.Require = createRequire(import.meta.url);
  const file = require.resolve("@swc/wasm-typescript");
  // Proven by the package's own declarations and its source: `require` is untyped.
  const loaded = require(file) as Compiler;
  delete require.cache[file];
  return loaded;
}

function refuse(reason: string): SourceError {
  return new SourceError("SyntaxError", `The types cannot be stripped: ${reason}`);
}

function tooLarge(bytes: number): SourceError {
  return refuse(
    `the source has ${bytes} bytes, and TypeScript may have ${maxTypeScriptBytes}; make it JavaScript before, or split it into modules`,
  );
}

/** What the compiler throws: a plain object. Lines are 1-based, columns 0-based. */
interface Diagnostic {
  readonly code: string;
  readonly message: string;
  readonly startLine: number;
  readonly startColumn: number;
}

function isDiagnostic(error: unknown): error is Diagnostic {
  return (
    typeof error === "object" &&
    error !== null &&
    "message" in error &&
    "startLine" in error &&
    "startColumn" in error
  );
}

function describe(diagnostic: Diagnostic, file: string, type: "script" | "module"): SourceError {
  const { code, message, startLine, startColumn } = diagnostic;
  const remedy =
    code === "UnsupportedSyntax" ? unsupportedRemedy(message) : parseRemedy(message, type);
  return new SourceError("SyntaxError", remedy === "" ? message : `${message}: ${remedy}`, {
    file,
    line: startLine,
    column: startColumn + 1,
  });
}

function unsupportedRemedy(message: string): string {
  if (message.includes("enum")) return "use a constant object and a union of literals";
  if (message.includes("parameter property"))
    return "declare the field and assign it in the constructor";
  if (message.includes("namespace") || message.includes("module")) return "use a module of its own";
  if (message.includes("import equals")) return 'use import ... from "./file.ts"';
  return "types are only blanked out here, so use syntax that is JavaScript without its types";
}

function parseRemedy(message: string, type: "script" | "module"): string {
  return type === "script" && message.includes("outside of module code")
    ? "run it as a module (a name that ends in .mts, or type module)"
    : "";
}

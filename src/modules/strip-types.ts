import { createRequire } from "node:module";
import { SourceError } from "./source-error.ts";

/**
 * Replaces the types of a TypeScript source by blanks, so that every line and column stays where it is.
 *
 * The compiler is loaded by the first call, which takes some 50 ms.
 *
 * @param file name for errors
 * @param type how the result will be parsed
 * @throws {SourceError} a `SyntaxError` with its place, if the source does not parse or needs more than blanks (`enum`, parameter
 * properties, `namespace` with values, `import x = require()`)
 */
export function stripTypes(
  source: string,
  file: string,
  type: "script" | "module" = "module",
): string {
  const compiler = loadCompiler();
  try {
    return compiler.transformSync(source, {
      mode: "strip-only",
      filename: file,
      module: type === "module",
    }).code;
  } catch (error) {
    if (isDiagnostic(error)) throw describe(error, file, type);
    // The compiler itself broke (for example on nesting too deep for its stack): its instance is not usable any more.
    dropCompiler();
    throw new SourceError(
      "SyntaxError",
      "The types cannot be stripped: the source is nested too deeply",
    );
  }
}

/** Whether a file of that name holds TypeScript. */
export function isTypeScript(file: string): boolean {
  return /\.m?ts$/i.test(file);
}

type Compiler = typeof import("@swc/wasm-typescript");

// Synchronous, because the engine asks for modules synchronously; lazy, because the compiler is 3.7 MB.
const require: NodeJS.Require = createRequire(import.meta.url);

function loadCompiler(): Compiler {
  // Proven by the package's own declarations: `require` is untyped.
  return require("@swc/wasm-typescript") as Compiler;
}

function dropCompiler(): void {
  delete require.cache[require.resolve("@swc/wasm-typescript")];
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

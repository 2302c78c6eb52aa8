import { describeError } from "../errors.ts";
import { UsageError } from "./usage-error.ts";

/** The part of esbuild that is used. */
export type Esbuild = Pick<typeof import("esbuild"), "build" | "stop">;

/** Gets esbuild; nothing when it is not installed. */
export type EsbuildLoader = () => Promise<Esbuild | undefined>;

/**
 * Loads the esbuild that is installed with this package.
 *
 * Never the one of a script's folder: it would run outside of the sandbox.
 */
export async function loadEsbuild(): Promise<Esbuild | undefined> {
  try {
    return await import("esbuild");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") {
      return undefined;
    }
    throw new UsageError(
      `esbuild is installed but cannot be loaded: ${describeError(error)}. Try to install it again: npm install esbuild`,
      { cause: error },
    );
  }
}

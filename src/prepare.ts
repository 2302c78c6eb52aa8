import { SandboxError } from "./errors.ts";

/** More threads than this are not prepared at once: each takes some 8 MB. */
const maxPrepared = 1_000;

/**
 * Starts threads and compiles the engine for sandboxes to come: a {@link createSandbox} with a thread of its own then takes about a
 * third of the time. Each thread is used for one sandbox. They do not keep the process alive.
 *
 * @param count threads, from 0 to 1,000; 0 only compiles the engine
 * @throws {SandboxError} `ERR_OPTION` if `count` is something else
 *
 * @example
 * await prepareSandboxes(4);
 * const sandbox = await createSandbox({ policy: allowOrigins(["wss://device.example"]) });
 */
export async function prepareSandboxes(count: number): Promise<void> {
  if (!Number.isInteger(count) || count < 0 || count > maxPrepared) {
    throw new SandboxError(
      "ERR_OPTION",
      `count must be a whole number from 0 to ${maxPrepared}, got ${String(count)}`,
    );
  }
  const [{ compileFile, defaultWasmFile }, { prepareThreads }] = await Promise.all([
    import("./engine/compiled-engine.ts"),
    import("./worker/thread.ts"),
  ]);
  await Promise.all([compileFile(defaultWasmFile()), prepareThreads(count)]);
}

import type { QuickJSContext } from "quickjs-emscripten";
import { allocate, release } from "./internals.ts";
import { OutOfMemoryError } from "./values.ts";

/** Bytes for what the engine makes to tell of its memory, and for an entry that answers a number. */
const reservedBytes = 16_384;

/** Tells how much of an engine's memory is in use, also when a script has left none. */
export interface MemoryGauge extends Disposable {
  /**
   * Calls `look` with the bytes in use while the engine has memory that no script gets: `look` must run nothing of a script and
   * keep nothing. Whatever is thrown has broken the engine, but for `OutOfMemoryError`.
   */
  read<Value>(look: (bytes: number) => Value): Value;
}

/** Creates the {@link MemoryGauge} of an engine, before any script runs: it takes its reserve from the engine's memory. */
export function createMemoryGauge(context: QuickJSContext): MemoryGauge {
  const { runtime } = context;
  // Kept for the names of its properties: a full engine may not have room for new names, and breaks.
  const names = runtime.computeMemoryUsage();
  let reserve = 0;
  const take = (): void => {
    reserve = allocate(context, reservedBytes);
    if (reserve === 0) throw new OutOfMemoryError(reservedBytes);
  };
  const giveBack = (): void => {
    release(context, reserve);
    reserve = 0;
  };
  take();
  return {
    read(look) {
      giveBack();
      const bytes = runtime
        .computeMemoryUsage()
        .consume((report) =>
          context
            .getProp(report, "memory_used_size")
            .consume((handle) => context.getNumber(handle)),
        );
      const value = look(bytes);
      take();
      return value;
    },
    [Symbol.dispose]() {
      // Whoever brought the engine may have disposed of it already.
      if (!context.alive) return;
      giveBack();
      names.dispose();
    },
  };
}

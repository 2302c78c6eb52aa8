import type { Determinism } from "../sandbox.ts";
import { seededRandom } from "./seeded-random.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** What makes a sandbox on this thread, in the time of `clock`, do the same in every run with the same seed. */
export function determined(seed: number, clock: VirtualClock): Required<Determinism> {
  const random = seededRandom(seed);
  return {
    random,
    seed: Uint8Array.from({ length: 8 }, () => Math.floor(random() * 256)),
    maxSlice: Number.POSITIVE_INFINITY,
    taskStarted: (work) => clock.waitFor(work),
  };
}

/**
 * How many tasks run at a time in the whole process: half of the threads that Node has for them, which are also those that read files and look
 * up names. Sandboxes are in threads of their own, so that the count is in memory that all of them share.
 */
const maxSlots = 2;

let taken: Int32Array<SharedArrayBuffer> | undefined;
/** Where this thread counts what it has taken, for whoever sees it end. */
let own: { readonly cells: Int32Array; readonly index: number } | undefined;

/** The memory, for {@link joinTaskSlots} in other threads. */
export function taskSlotMemory(): SharedArrayBuffer {
  return cells().buffer;
}

/** Makes this thread one of those that share `memory`. What it has taken, it also counts in `counts[index]`. */
export function joinTaskSlots(memory: SharedArrayBuffer, counts: Int32Array, index: number): void {
  taken = new Int32Array(memory);
  own = { cells: counts, index };
}

/** Takes a slot, if there is one. */
export function takeTaskSlot(): boolean {
  // First: a thread that ends in between rather leaves a slot too many than one too few.
  if (own !== undefined) Atomics.add(own.cells, own.index, 1);
  if (Atomics.add(cells(), 0, 1) < maxSlots) return true;
  returnTaskSlot();
  return false;
}

/** Gives a slot back. */
export function returnTaskSlot(): void {
  returnTaskSlots(1);
  if (own !== undefined) Atomics.sub(own.cells, own.index, 1);
}

/** Gives the slots of a thread that has ended back. */
export function returnTaskSlots(count: number): void {
  Atomics.sub(cells(), 0, count);
}

function cells(): Int32Array<SharedArrayBuffer> {
  return (taken ??= new Int32Array(new SharedArrayBuffer(4)));
}

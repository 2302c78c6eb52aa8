/** What `ws` keeps of messages that are not complete; not declared. */
export interface Receiver {
  /** What has not been parsed. */
  readonly _buffers?: readonly Buffer[];
  readonly _bufferedBytes?: number;
  /** Fragments of the present message, and their bytes; inflated ones count as such. */
  readonly _fragments?: Buffer[];
  readonly _messageLength?: number;
}

/** What a piece takes beside its bytes. */
const pieceOverhead = 256;

/** Bytes of messages that `ws` keeps until they are complete. */
export function pendingBytes({
  _bufferedBytes = 0,
  _messageLength = 0,
  _buffers = [],
}: Receiver): number {
  return _bufferedBytes + _messageLength + Math.max(0, _buffers.length - 1) * pieceOverhead;
}

/**
 * Copies the fragments from `start` on that are a small part of what was read with them: they would keep all of it. Answers how many
 * fragments there are.
 */
export function copySmallFragments(
  { _fragments: fragments = [] }: Receiver,
  start: number,
): number {
  for (let index = start; index < fragments.length; index += 1) {
    const fragment = fragments[index];
    if (
      fragment === undefined ||
      fragment.buffer.byteLength < 2 * fragment.length + pieceOverhead
    ) {
      continue;
    }
    const copy = Buffer.allocUnsafeSlow(fragment.length);
    fragment.copy(copy);
    fragments[index] = copy;
  }
  return fragments.length;
}

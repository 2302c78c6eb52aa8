/** Gives a stream its chunks when it asks for them. */
export interface ByteSource {
  /** The next bytes, in a buffer that belongs to the stream from then on; `undefined` at the end. Is asked again only when it has settled. */
  pull(): Promise<ArrayBuffer | undefined>;
  /** Nobody wants the rest. */
  cancel(reason: unknown): void;
}

/** The two sides of a stream that changes what goes through it. */
export interface TransformPair {
  readonly readable: object;
  readonly writable: object;
}

type Enqueue = (chunk: unknown) => void;

/** What the part `streams` does for the rest of the runtime. No method can be intercepted by a script. */
export interface StreamTools {
  /** Makes a readable byte stream. */
  createByteStream(source: ByteSource): object;
  isReadableStream(value: unknown): value is object;
  /** Whether somebody has a reader. */
  isLocked(stream: object): boolean;
  /** Whether somebody has read from it, or canceled it. */
  isDisturbed(stream: object): boolean;
  /** Two streams with the same chunks, in place of the one. */
  tee(stream: object): readonly [one: object, other: object];
  /** Reads a stream to its end. Rejects with its error, with a `TypeError` for a chunk that is no `Uint8Array`, and with what `take` throws. */
  readBytes(stream: object, take: (chunk: Uint8Array<ArrayBuffer>) => void): Promise<void>;
  cancel(stream: object, reason: unknown): void;
  /** Makes a transform stream. What the functions throw errors both of its sides. */
  createTransform(
    transform: (chunk: unknown, enqueue: Enqueue) => void,
    flush: (enqueue: Enqueue) => void,
  ): TransformPair;
}

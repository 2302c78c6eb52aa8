import { Transform, type TransformCallback } from "node:stream";
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  type Zlib,
} from "node:zlib";

/** What is sent as `Accept-Encoding`: the codings that {@link contentDecoders} knows. */
export const acceptedCodings: string = "gzip, deflate, br";

/** More codings on top of each other than any server applies, but for one that means harm: each takes memory of its own. */
const maxCodings = 4;

/**
 * Streams that undo the codings of a body, in the order of their work, by the values of its `Content-Encoding` headers. Nothing when a
 * coding is unknown: then the body stays as it is, as in browsers.
 *
 * @throws {Error} for more codings than a server has reason to apply.
 */
export function contentDecoders(values: readonly string[]): readonly Transform[] {
  const codings = values
    .join(",")
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity");
  if (codings.length > maxCodings) {
    throw new Error(`the body has ${codings.length} content codings, more than ${maxCodings}`);
  }
  if (codings.some((coding) => decoders[coding] === undefined)) return [];
  // The last coding was applied last.
  return codings.toReversed().flatMap((coding) => decoders[coding]?.() ?? []);
}

const decoders: Readonly<Record<string, () => Transform>> = {
  __proto__: null as never,
  gzip: () => createGunzip(),
  "x-gzip": () => createGunzip(),
  deflate: () => new Inflate(),
  br: () => createBrotliDecompress(),
};

/** `deflate` with the header that RFC 9110 asks for, and without, as some servers send it. */
class Inflate extends Transform {
  #inner: (Transform & Zlib) | undefined;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const inner = this.#inner ?? this.#open(chunk);
    if (inner.write(chunk)) done();
    else inner.once("drain", done);
  }

  override _flush(done: TransformCallback): void {
    const inner = this.#inner;
    if (inner === undefined) {
      done();
      return;
    }
    inner.once("end", () => done());
    inner.end();
  }

  override _read(size: number): void {
    this.#inner?.resume();
    super._read(size);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#inner?.destroy();
    done(error);
  }

  #open(first: Buffer): Transform & Zlib {
    // RFC 1950: the low four bits say "deflate".
    const hasHeader = ((first[0] ?? 0) & 0x0f) === 8;
    const inner = hasHeader ? createInflate() : createInflateRaw();
    this.#inner = inner;
    inner.on("data", (data: Buffer) => {
      if (!this.push(data)) inner.pause();
    });
    inner.on("error", (error) => this.destroy(error));
    return inner;
  }
}

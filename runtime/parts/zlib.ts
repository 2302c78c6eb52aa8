import {
  Z_BUF_ERROR,
  Z_DEFAULT_STRATEGY,
  Z_FINISH,
  Z_NO_FLUSH,
  Z_OK,
  Z_STREAM_END,
  zlibDeflate,
  zlibDeflateInit2,
  zlibInflate,
  zlibInflateInit2,
  ZStream,
} from "pako";
import { copyBytes } from "../bytes.ts";
import { RangeErrorOf, typedArrayByteLength, TypeErrorOf, Uint8ArrayOf } from "../intrinsics.ts";

/** Formats of the Compression standard. */
export type Format = "deflate" | "deflate-raw" | "gzip";

/** One direction of one stream. Both functions throw a `TypeError` for data that is no such format. */
export interface Coder {
  write(bytes: Uint8Array<ArrayBuffer>, add: (made: Uint8Array) => void): void;
  end(add: (made: Uint8Array) => void): void;
}

/** How the library is told the format: a window of 32 KiB, and with which frame. */
const windowBits: Readonly<Record<Format, number>> = {
  deflate: 15,
  "deflate-raw": -15,
  gzip: 31,
};

/** Bytes that are made before they are handed on. */
const outputSize = 16_384;

const defaultLevel = 6;
const deflateMethod = 8;
const defaultMemory = 8;

/** Compresses. */
export function createDeflater(format: Format): Coder {
  const stream = new ZStream();
  const status = zlibDeflateInit2(
    stream,
    defaultLevel,
    deflateMethod,
    windowBits[format],
    defaultMemory,
    Z_DEFAULT_STRATEGY,
  );
  if (status !== Z_OK) throw new RangeErrorOf("There is no memory left to compress");
  const output = new Uint8ArrayOf(outputSize);
  const deflate = (
    flush: typeof Z_NO_FLUSH | typeof Z_FINISH,
    add: (made: Uint8Array) => void,
  ): void => {
    do {
      takeOutput(stream, output);
      zlibDeflate(stream, flush);
      giveOutput(stream, output, add);
    } while (stream.avail_out === 0);
  };
  return {
    write(bytes, add) {
      giveInput(stream, bytes);
      deflate(Z_NO_FLUSH, add);
    },
    end(add) {
      giveInput(stream, new Uint8ArrayOf(0));
      deflate(Z_FINISH, add);
    },
  };
}

/** Decompresses. */
export function createInflater(format: Format): Coder {
  const stream = new ZStream();
  if (zlibInflateInit2(stream, windowBits[format]) !== Z_OK) {
    throw new RangeErrorOf("There is no memory left to decompress");
  }
  const output = new Uint8ArrayOf(outputSize);
  let isAtEnd = false;
  return {
    write(bytes, add) {
      giveInput(stream, bytes);
      while (!isAtEnd) {
        takeOutput(stream, output);
        const status = zlibInflate(stream, Z_NO_FLUSH);
        giveOutput(stream, output, add);
        isAtEnd = status === Z_STREAM_END;
        // "No progress" only says that there is no input left.
        if (status !== Z_OK && status !== Z_STREAM_END && status !== Z_BUF_ERROR) {
          throw new TypeErrorOf("The data is not in the format " + format);
        }
        if (stream.avail_out > 0) break;
      }
      if (isAtEnd && stream.avail_in > 0) {
        throw new TypeErrorOf("There is data behind the end of the compressed data");
      }
    },
    end() {
      if (!isAtEnd) throw new TypeErrorOf("The compressed data ends too early");
    },
  };
}

function giveInput(stream: ZStream, bytes: Uint8Array): void {
  stream.input = bytes;
  stream.next_in = 0;
  stream.avail_in = typedArrayByteLength(bytes);
}

function takeOutput(stream: ZStream, output: Uint8Array<ArrayBuffer>): void {
  stream.output = output;
  stream.next_out = 0;
  stream.avail_out = outputSize;
}

function giveOutput(
  stream: ZStream,
  output: Uint8Array<ArrayBuffer>,
  add: (made: Uint8Array) => void,
): void {
  if (stream.next_out > 0) add(new Uint8ArrayOf(copyBytes(output.buffer, 0, stream.next_out)));
}

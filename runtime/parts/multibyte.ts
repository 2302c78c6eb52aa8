import type { PartInstaller } from "../parts.ts";

/** Where a stretch of bytes can be cut, and what the next one has to begin with. */
export interface Cut {
  /** Bytes up to the last boundary of characters. */
  readonly length: number;
  /** An escape sequence that brings a decoder into the state at the cut. */
  readonly state: readonly number[];
}

/** What a text decoder asks of the part `multibyte`. */
export interface MultibyteTools {
  /** Cuts bytes, which begin at a boundary and in `state`. */
  cut(
    encoding: string,
    bytes: Readonly<Record<number, number>>,
    length: number,
    state: readonly number[],
  ): Cut;
}

/**
 * Finds the boundaries of characters in the encodings of East Asia, so that a stream of text can be decoded piece by piece.
 *
 * Bytes that make no character are boundaries, too, as the decoders of the standard take them: an ASCII byte after a wrong lead is read
 * again, and so ends where it would by itself.
 *
 * @see https://encoding.spec.whatwg.org/#legacy-multi-byte-chinese-(simplified)-encodings
 */
export const install: PartInstaller<"multibyte"> = () =>
  ({ __proto__: null, cut }) as MultibyteTools;

function cut(
  encoding: string,
  bytes: Readonly<Record<number, number>>,
  length: number,
  state: readonly number[],
): Cut {
  if (encoding === "iso-2022-jp") return cutEscaped(bytes, length, state);
  let start = 0;
  while (start < length) {
    const end = start + characterLength(encoding, bytes, start, length);
    if (end > length) break;
    start = end;
  }
  return { length: start, state };
}

/** Bytes of the character at `start`: more than there are for one that is not complete. */
function characterLength(
  encoding: string,
  bytes: Readonly<Record<number, number>>,
  start: number,
  length: number,
): number {
  const lead = bytes[start] ?? 0;
  const second = bytes[start + 1] ?? 0;
  const isSecondThere = start + 1 < length;
  switch (encoding) {
    case "shift_jis":
      return (lead >= 0x81 && lead <= 0x9f) || (lead >= 0xe0 && lead <= 0xfc) ? 2 : 1;
    case "euc-jp":
      if (lead === 0x8f) return isSecondThere && !isHigh(second, 0xa1) ? 2 : 3;
      return lead === 0x8e || isHigh(lead, 0xa1) ? 2 : 1;
    case "gbk":
    case "gb18030": {
      if (!isHigh(lead, 0x81)) return 1;
      if (!isSecondThere || !isDigit(second)) return 2;
      // Of four bytes that are none, the digit and what follows are read again.
      const third = bytes[start + 2] ?? 0;
      if (start + 2 < length && !isHigh(third, 0x81)) return 2;
      return start + 3 < length && !isDigit(bytes[start + 3] ?? 0) ? 2 : 4;
    }
    default:
      // euc-kr and big5.
      return isHigh(lead, 0x81) ? 2 : 1;
  }
}

function isHigh(byte: number, from: number): boolean {
  return byte >= from && byte <= 0xfe;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

const escape = 0x1b;

/** ISO-2022-JP: which characters bytes stand for is told by escape sequences. */
function cutEscaped(
  bytes: Readonly<Record<number, number>>,
  length: number,
  given: readonly number[],
): Cut {
  let state = given;
  let start = 0;
  let cutAt: Cut = { length: 0, state };
  while (start < length) {
    if (bytes[start] === escape) {
      if (start + 3 > length) break;
      const intermediate = bytes[start + 1] ?? 0;
      const final = bytes[start + 2] ?? 0;
      if (isDesignation(intermediate, final)) {
        state = [escape, intermediate, final];
        start += 3;
      } else start += 1;
    } else {
      const isDouble = state[1] === 0x24;
      const isPair = isDouble && isPairByte(bytes[start] ?? 0);
      if (isPair && start + 2 > length) break;
      start += isPair && bytes[start + 1] !== escape ? 2 : 1;
      // Not after an escape sequence: whether another follows right away makes a difference.
      cutAt = { length: start, state };
    }
  }
  return cutAt;
}

function isDesignation(intermediate: number, final: number): boolean {
  if (intermediate === 0x28) return final === 0x42 || final === 0x49 || final === 0x4a;
  return intermediate === 0x24 && (final === 0x40 || final === 0x42);
}

function isPairByte(byte: number): boolean {
  return byte >= 0x21 && byte <= 0x7e;
}

/** The parts of UTF-8 that are faster in the guest than a call of the host, or that the host cannot know. */
import { charCodeAt } from "./intrinsics.ts";

/** How far {@link encodeInto} got: code units of the text, bytes of the target. */
export interface Progress {
  readonly read: number;
  readonly written: number;
}

/** Encodes as many whole characters of `text` as fit into `capacity` bytes; lone surrogates become U+FFFD. */
export function encodeInto(text: string, target: Uint8Array, capacity: number): Progress {
  const { length } = text;
  let read = 0;
  let written = 0;
  while (read < length) {
    let point = charCodeAt(text, read);
    let units = 1;
    if (point >= 0xd800 && point < 0xe000) {
      const next = point < 0xdc00 && read + 1 < length ? charCodeAt(text, read + 1) : 0;
      const isPair = next >= 0xdc00 && next < 0xe000;
      point = isPair ? 0x10000 + ((point - 0xd800) << 10) + (next - 0xdc00) : 0xfffd;
      units = isPair ? 2 : 1;
    }
    const size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (written + size > capacity) break;
    if (size === 1) target[written] = point;
    else {
      target[written] = ((0xf00 >> size) & 0xff) | (point >> (6 * (size - 1)));
      for (let index = 1; index < size; index++) {
        target[written + index] = 0x80 | ((point >> (6 * (size - 1 - index))) & 0x3f);
      }
    }
    written += size;
    read += units;
  }
  return { read, written };
}

/** The part of encoded text that fits into `capacity` bytes: whole characters only. */
export function fittingPart(bytes: Uint8Array, capacity: number): Progress {
  let written = capacity;
  while (written > 0 && ((bytes[written] ?? 0) & 0xc0) === 0x80) written -= 1;
  let read = 0;
  for (let index = 0; index < written; index++) {
    const byte = bytes[index] ?? 0;
    // A character begins wherever no continuation byte stands; from U+10000 on it is two units.
    if ((byte & 0xc0) !== 0x80) read += byte >= 0xf0 ? 2 : 1;
  }
  return { read, written };
}

/** Length of `bytes` without a character that has only begun. */
export function completeLength(bytes: Uint8Array, length: number): number {
  for (let back = 1; back <= 3 && back <= length; back++) {
    const lead = bytes[length - back] ?? 0;
    if ((lead & 0xc0) === 0x80) continue;
    const size = lead >= 0xc2 && lead < 0xe0 ? 2 : lead < 0xc2 ? 1 : lead < 0xf0 ? 3 : 4;
    const isBegun = lead < 0xf5 && size > back;
    const isPossible = back === 1 || isSecondByte(lead, bytes[length - back + 1] ?? 0);
    return isBegun && isPossible ? length - back : length;
  }
  return length;
}

/** Whether `byte` may follow `lead`: some would make surrogates, overlong forms or more than U+10FFFF. */
function isSecondByte(lead: number, byte: number): boolean {
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  return byte >= low && byte <= high;
}

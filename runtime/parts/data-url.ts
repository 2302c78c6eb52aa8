import { fromBase64 } from "../base64.ts";
import { copyBytes } from "../bytes.ts";
import {
  arrayBufferByteLength,
  charCodeAt,
  createList,
  indexOf,
  stringSlice,
  toLowerCase,
  typedArrayBuffer,
  Uint8ArrayOf,
} from "../intrinsics.ts";
import { fromCodeUnits } from "../text.ts";
import { createBody } from "./body.ts";
import { wholeSource } from "./byte-source.ts";
import { trimmed } from "./header-rules.ts";
import { createHeaders, type Header, setGuard } from "./headers.ts";
import { baseType, essence } from "./media-type.ts";
import { createResponse, type Response } from "./response.ts";

/** The answer to a request for a `data:` URL; `undefined` for one that holds none. @see https://fetch.spec.whatwg.org/#data-url-processor */
export function fetchData(url: string, method: string): Response | undefined {
  const comma = indexOf(url, ",");
  if (comma < 0) return undefined;
  const hash = indexOf(url, "#");
  const end = hash < 0 ? url.length : hash;
  if (comma > end) return undefined;
  let type = trimmed(stringSlice(url, 5, comma));
  let bytes = percentDecoded(stringSlice(url, comma + 1, end));
  const semicolon = base64Mark(type);
  if (semicolon >= 0) {
    type = stringSlice(type, 0, semicolon);
    try {
      bytes = bytesOf(
        fromBase64(fromCodeUnits(new Uint8ArrayOf(bytes), 0, arrayBufferByteLength(bytes))),
      );
    } catch {
      return undefined;
    }
  }
  if (type[0] === ";") type = "text/plain" + type;
  const list = createList<Header>();
  const contentType = baseType(type) === "" ? "text/plain;charset=US-ASCII" : essence(type);
  list[0] = ["content-type", contentType, "Content-Type"];
  const headers = createHeaders(list, "immutable");
  setGuard(headers, "immutable");
  return createResponse({
    type: "basic",
    url: stringSlice(url, 0, end),
    redirected: false,
    status: 200,
    statusText: "OK",
    headers,
    body: method === "HEAD" ? undefined : createBody(wholeSource(bytes)),
  });
}

/** Where the mark of base64 begins at the end of a media type, or -1. */
function base64Mark(type: string): number {
  const lower = toLowerCase(type);
  const word = "base64";
  let index = lower.length - word.length;
  if (index < 1 || stringSlice(lower, index) !== word) return -1;
  while (index > 0 && lower[index - 1] === " ") index--;
  return lower[index - 1] === ";" ? index - 1 : -1;
}

/** Bytes of ASCII text with percent escapes. */
function percentDecoded(text: string): ArrayBuffer {
  const bytes = new Uint8ArrayOf(text.length);
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    let unit = charCodeAt(text, index);
    if (unit === 0x25) {
      const high = digit(charCodeAt(text, index + 1));
      const low = digit(charCodeAt(text, index + 2));
      if (high >= 0 && low >= 0) {
        unit = high * 16 + low;
        index += 2;
      }
    }
    bytes[length] = unit;
    length += 1;
  }
  return copyBytes(typedArrayBuffer(bytes) as ArrayBuffer, 0, length);
}

/** Value of a hexadecimal digit, or -1. */
function digit(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function bytesOf(text: string): ArrayBuffer {
  const bytes = new Uint8ArrayOf(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = charCodeAt(text, index);
  return typedArrayBuffer(bytes) as ArrayBuffer;
}

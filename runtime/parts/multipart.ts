import { copyBytes } from "../bytes.ts";
import { hostDecode } from "../host.ts";
import {
  arrayBufferByteLength,
  charCodeAt,
  createList,
  indexOf,
  jsonParse,
  stringSlice,
  toLowerCase,
  typedArrayBuffer,
  Uint8ArrayOf,
} from "../intrinsics.ts";
import { fromCodeUnits } from "../text.ts";
import { trimmed } from "./header-rules.ts";

/** One part of a form. */
export interface MultipartPart {
  readonly name: string;
  /** Present for a file. */
  readonly fileName: string | undefined;
  readonly type: string | undefined;
  bytes(): ArrayBuffer;
  text(): string;
}

/**
 * Takes a `multipart/form-data` body apart; `undefined` for bytes that are none.
 *
 * @see https://andreubotella.github.io/multipart-form-data/#multipart-form-data-parser
 */
export function parseMultipart(
  bytes: ArrayBuffer,
  boundary: string,
): readonly MultipartPart[] | undefined {
  // One code unit for each byte: what is sought is ASCII.
  const text = fromCodeUnits(new Uint8ArrayOf(bytes), 0, arrayBufferByteLength(bytes));
  const delimiter = "--" + boundary;
  const parts = createList<MultipartPart>();
  let index = indexOf(text, delimiter);
  if (index !== 0 && stringSlice(text, 0, index < 0 ? 0 : index) !== "\r\n") return undefined;
  for (;;) {
    index += delimiter.length;
    if (stringSlice(text, index, index + 2) === "--") return parts;
    if (stringSlice(text, index, index + 2) !== "\r\n") return undefined;
    const headEnd = indexOf(text, "\r\n\r\n", index);
    if (headEnd < 0) return undefined;
    const start = headEnd + 4;
    const end = indexOf(text, "\r\n" + delimiter, start);
    if (end < 0) return undefined;
    const part = readHead(stringSlice(text, index + 2, headEnd + 2), bytes, start, end);
    if (part === undefined) return undefined;
    parts[parts.length] = part;
    index = end + 2;
  }
}

function readHead(
  head: string,
  body: ArrayBuffer,
  start: number,
  end: number,
): MultipartPart | undefined {
  let name: string | undefined;
  let fileName: string | undefined;
  let type: string | undefined;
  for (let from = 0; from < head.length;) {
    const lineEnd = indexOf(head, "\r\n", from);
    const line = stringSlice(head, from, lineEnd);
    from = lineEnd + 2;
    const colon = indexOf(line, ":");
    if (colon < 0) return undefined;
    const key = toLowerCase(trimmed(stringSlice(line, 0, colon)));
    const value = trimmed(stringSlice(line, colon + 1));
    if (key === "content-type") type = value;
    if (key !== "content-disposition") continue;
    if (indexOf(toLowerCase(value), "form-data") !== 0) return undefined;
    name = quotedParameter(value, "; name=");
    fileName = quotedParameter(value, "; filename=");
  }
  if (name === undefined) return undefined;
  return {
    name,
    fileName,
    type,
    bytes: () => copyBytes(body, start, end - start),
    text: () => decode(copyBytes(body, start, end - start)),
  };
}

/** The text within quotes behind `prefix`, with the escapes of forms undone, as UTF-8. */
function quotedParameter(value: string, prefix: string): string | undefined {
  const start = indexOf(value, prefix + '"');
  if (start < 0) return undefined;
  const from = start + prefix.length + 1;
  const end = indexOf(value, '"', from);
  if (end < 0) return undefined;
  const bytes = new Uint8ArrayOf(end - from);
  let length = 0;
  for (let index = from; index < end; index++) {
    const escape = stringSlice(value, index, index + 3);
    const byte = escape === "%22" ? 0x22 : escape === "%0D" ? 0x0d : escape === "%0A" ? 0x0a : -1;
    bytes[length] = byte < 0 ? charCodeAt(value, index) : byte;
    length += 1;
    if (byte >= 0) index += 2;
  }
  return decode(copyBytes(typedArrayBuffer(bytes) as ArrayBuffer, 0, length));
}

function decode(bytes: ArrayBuffer): string {
  return jsonParse(hostDecode("utf-8", false, bytes)) as string;
}

import { parseJsonString } from "./json.ts";
import { ownTables, strayCharacters } from "./single-byte.ts";

/** Most bytes of one call: as JSON, a text can take twelve times as much. */
const maxDecodedBytes = 32 * 2 ** 20;

/** Longer than every label of the Encoding standard. */
const maxLabelLength = 64;

const utf8Encoder = new TextEncoder();

/** `HostCalls.encode`: UTF-8, lone surrogates replaced. */
export function encode(json: string): ArrayBuffer {
  const bytes = utf8Encoder.encode(parseJsonString(json));
  const { buffer } = bytes;
  const isExact = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return isExact ? buffer : new Uint8Array(bytes).buffer;
}

/** `HostCalls.decode`: decodes a whole text. A byte order mark stays: it is the guest's to drop. */
export function decode(label: string, fatal: boolean, data: ArrayBuffer): string {
  if (typeof label !== "string" || typeof fatal !== "boolean" || !(data instanceof ArrayBuffer)) {
    throw new TypeError("Expected an encoding name, a boolean and an ArrayBuffer");
  }
  if (data.byteLength > maxDecodedBytes) throw new TypeError("Expected fewer bytes");
  if (nameOf(label) !== label) throw new TypeError("Expected the name of an encoding");
  const text = decodeAs(label, data);
  if (!fatal) return JSON.stringify(text.replaced ?? text.exact);
  return text.replaced === undefined ? JSON.stringify(text.exact) : "";
}

/** `HostCalls.encodingName`. */
export function encodingName(json: string): string {
  const label = trimAsciiWhitespace(parseJsonString(json));
  // Outside ASCII, lower-casing would make labels of other strings: the Kelvin sign becomes "k".
  return /^[!-~]+$/.test(label) ? nameOf(label.toLowerCase()) : "";
}

/** A decoded text: `exact`, or with U+FFFD in place of what is malformed. */
type Decoded =
  | { readonly exact: string; readonly replaced?: undefined }
  | { readonly exact?: undefined; readonly replaced: string };

function decodeAs(label: string, data: ArrayBuffer): Decoded {
  const table = ownTables.get(label);
  if (table !== undefined) return { exact: decodeByTable(table, new Uint8Array(data)) };
  if (label === "utf-16le" || label === "utf-16be") return decodeUtf16(data, label === "utf-16le");
  return decodeByPlatform(label, data);
}

function decodeByPlatform(label: string, data: ArrayBuffer): Decoded {
  const text = new TextDecoder(label, { ignoreBOM: true }).decode(data);
  const stray = strayCharacters.get(label);
  const replaced = stray === undefined ? text : text.replace(stray, "\ufffd");
  // Only UTF-8 and gb18030 can have encoded U+FFFD itself: then a second look tells.
  if (!replaced.includes("\ufffd")) return { exact: replaced };
  return replaced === text && isWellFormed(label, data) ? { exact: text } : { replaced };
}

function isWellFormed(label: string, data: ArrayBuffer): boolean {
  try {
    new TextDecoder(label, { fatal: true }).decode(data);
    return true;
  } catch {
    // The only thing that `fatal` changes: the data is malformed.
    return false;
  }
}

function decodeUtf16(data: ArrayBuffer, isLittleEndian: boolean): Decoded {
  const view = new DataView(data);
  const units = new Uint16Array(data.byteLength >> 1);
  for (let i = 0; i < units.length; i++) units[i] = view.getUint16(i * 2, isLittleEndian);
  const text = fromCodeUnits(units);
  // An odd byte after half of a pair is part of the same error.
  const isHalf = /[\ud800-\udbff]$/.test(text);
  const tail = data.byteLength % 2 === 0 || isHalf ? "" : "\ufffd";
  const wellFormed = text.replace(loneSurrogates, "\ufffd") + tail;
  return wellFormed === text ? { exact: text } : { replaced: wellFormed };
}

const loneSurrogates = /\p{Surrogate}/gu;

function decodeByTable(table: Uint16Array, bytes: Uint8Array): string {
  const units = new Uint16Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) units[i] = table[bytes[i] ?? 0] ?? 0;
  return fromCodeUnits(units);
}

/** Few enough arguments for one call. */
const chunkLength = 8_192;

function fromCodeUnits(units: Uint16Array): string {
  let text = "";
  for (let i = 0; i < units.length; i += chunkLength) {
    text += String.fromCharCode(...units.subarray(i, i + chunkLength));
  }
  return text;
}

/** Names by label, filled as labels are asked for. Only labels that exist are kept, so it stays small. */
const names = new Map<string, string>();

function nameOf(label: string): string {
  if (ownTables.has(label)) return label;
  if (label.length > maxLabelLength) return "";
  let name = names.get(label);
  if (name === undefined) {
    try {
      name = new TextDecoder(label).encoding.toLowerCase();
    } catch {
      // Not a label, or an encoding that decodes to nothing ("replacement").
      return "";
    }
    names.set(label, name);
  }
  return name;
}

/** The Encoding standard strips TAB, LF, FF, CR and SPACE; `trim()` would strip more. */
function trimAsciiWhitespace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isAsciiWhitespace(text.charCodeAt(start))) start++;
  while (end > start && isAsciiWhitespace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isAsciiWhitespace(unit: number): boolean {
  return unit === 9 || unit === 10 || unit === 12 || unit === 13 || unit === 32;
}

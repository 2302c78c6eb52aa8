/** What stands in a recording in place of a secret. */
export const redacted = "REDACTED";

/** Names whose values are secrets, without case and separators. */
const secretName =
  /token|apikey|appkey|accesskey|privatekey|secret|passw|passphrase|passcode|authorization|credential|cookie|signature|session(?:id|key)|^(?:auth|key|pass|pwd|pin|jwt|sid|sig|otp)$/;

/** Whether a name of a header, a query parameter or a JSON property tells that its value is a secret. */
export function isSecretName(name: string): boolean {
  return name.length <= 200 && secretName.test(name.toLowerCase().replaceAll(/[^a-z0-9]/g, ""));
}

/** Takes the secrets out of a message or a body: JSON fields and parameters with telling names, tokens of known shapes, passwords in URLs. */
export function redactText(text: string): string {
  return redactFreeText(redactJson(text, 0));
}

/** As {@link redactText}; bytes that are not text stay as they are. */
export function redactData<Data extends string | Uint8Array<ArrayBuffer>>(
  data: Data,
): Data | string | Uint8Array<ArrayBuffer> {
  if (typeof data === "string") return redactText(data);
  const text = asText(data);
  if (text === undefined) return data;
  const clean = redactText(text);
  return clean === text ? data : new TextEncoder().encode(clean);
}

/** Takes credentials, parameters with telling names and keys in the path of an API out of a URL. */
export function redactUrl(url: string): string {
  const bare = url.replace(/^([a-z]+:\/\/)[^/?#@]*@/i, "$1");
  const [, path = bare, query, fragment = ""] = /^([^?#]*)(?:\?([^#]*))?(#.*)?$/s.exec(bare) ?? [];
  const clean = redactPath(path);
  return query === undefined
    ? `${clean}${fragment}`
    : `${clean}?${redactParameters(query)}${fragment}`;
}

/** Value of a header, or what stands in its place. */
export function redactHeader(name: string, value: string): string {
  return isSecretName(name) ? redacted : redactFreeText(value);
}

/** `/api/0123456789/lights`: a REST interface with its key in the path. */
function redactPath(path: string): string {
  return path.replace(/(\/api\/)(?=[^/]*\d)[A-Za-z0-9_-]{8,}(?=\/|$)/, `$1${redacted}`);
}

function redactParameters(query: string): string {
  return query
    .split("&")
    .map((pair) => {
      const name = pair.split("=", 1)[0] ?? "";
      return name.length < pair.length && isSecretName(decode(name)) ? `${name}=${redacted}` : pair;
    })
    .join("&");
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    // Not encoded after all.
    return name;
  }
}

/** How many times JSON may be quoted in JSON. */
const maxNesting = 3;

/**
 * Replaces the values of JSON properties with telling names, also in text that is JSON only in part. The text around them stays as it is,
 * so that an exact comparison still means something. Takes time linear in the length, whatever the text.
 */
function redactJson(text: string, nesting: number): string {
  let clean = "";
  let copied = 0;
  let start = text.indexOf('"');
  while (start !== -1) {
    const end = endOfString(text, start);
    if (end === -1) break;
    const colon = skipSpace(text, end);
    if (text[colon] !== ":") {
      // Where text is JSON only in part, the end of what looked like a string may be the start of one.
      start = end - 1;
      continue;
    }
    const value = skipSpace(text, colon + 1);
    const name = unquote(text.slice(start, end)) ?? "";
    const valueEnd = endOfValue(text, value, isSecretName(name));
    const replacement = redactValue(name, text.slice(value, valueEnd), nesting);
    if (replacement !== undefined) {
      clean += `${text.slice(copied, value)}${replacement}`;
      copied = valueEnd;
    }
    start = text.indexOf('"', valueEnd);
  }
  return copied === 0 ? text : clean + text.slice(copied);
}

function redactValue(name: string, json: string, nesting: number): string | undefined {
  if (json === "") return undefined;
  if (isSecretName(name) || isKeyAsName(name, json)) return `"${redacted}"`;
  if (nesting >= maxNesting || !json.startsWith('"') || !json.includes('\\"')) return undefined;
  const inner = unquote(json);
  if (inner === undefined) return undefined;
  const clean = redactJson(inner, nesting + 1);
  return clean === inner ? undefined : JSON.stringify(clean);
}

/** Gateways that call the key of their REST interface a user's name. */
function isKeyAsName(name: string, json: string): boolean {
  return name === "username" && /^"[0-9A-Fa-f-]{10,}"$/.test(json);
}

/** Index after the string that starts at `start`, or -1 if it has no end. */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    if (text[index] === "\\") index++;
    else if (text[index] === '"') return index + 1;
  }
  return -1;
}

/** Index after a string or a number, or after a list or an object if `isWhole`; `start` for everything else. */
function endOfValue(text: string, start: number, isWhole: boolean): number {
  const first = text[start] ?? "";
  if (first === '"') {
    const end = endOfString(text, start);
    // Cut off in the middle: what there is of it may be a secret all the same.
    return end === -1 ? text.length : end;
  }
  if (isWhole && (first === "[" || first === "{")) return endOfContainer(text, start);
  let end = start;
  while (end < text.length && "0123456789.eE+-".includes(text.charAt(end))) end++;
  return end;
}

function endOfContainer(text: string, start: number): number {
  let depth = 0;
  for (let index = start; index < text.length; index++) {
    const character = text[index];
    if (character === '"') {
      const end = endOfString(text, index);
      if (end === -1) break;
      index = end - 1;
    } else if (character === "[" || character === "{") depth++;
    else if (character === "]" || character === "}") {
      depth--;
      if (depth === 0) return index + 1;
    }
  }
  return text.length;
}

function skipSpace(text: string, start: number): number {
  let index = start;
  while (index < text.length && " \t\r\n".includes(text.charAt(index))) index++;
  return index;
}

function unquote(json: string): string | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

function redactFreeText(text: string): string {
  return (
    text
      // Schemes of the Authorization header, wherever they stand.
      .replaceAll(/\b(Bearer|Basic) +[A-Za-z0-9._~+/-]{8,}=*/g, `$1 ${redacted}`)
      // A JSON Web Token.
      .replaceAll(/\beyJ[\w-]{8,1000}\.[\w-]{8,4000}\.[\w-]*/g, redacted)
      .replaceAll(/([a-z]{2,10}:\/\/)[^\s/?#@"'<>]{1,200}@/gi, "$1")
      .replaceAll(
        /(^|[\s?&;,{("'])([A-Za-z][\w.-]{0,60})=([^\s&;,"'<>)}]+)/g,
        (all, before: string, name: string) =>
          isSecretName(name) ? `${before}${name}=${redacted}` : all,
      )
  );
}

function asText(data: Uint8Array<ArrayBuffer>): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    return undefined;
  }
}

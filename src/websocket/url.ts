import { hasLongHost } from "./host-length.ts";

/** A WebSocket URL, parsed once; everything later looks at this and never at the text again. */
export interface WebSocketUrl {
  /** Scheme `ws` or `wss`, no fragment, no credentials. */
  readonly url: URL;
  /** Serialised origin of the URL: the `origin` of its message events. */
  readonly origin: string;
  /** Percent-decoded; empty when the URL has none. */
  readonly username: string;
  /** Percent-decoded; empty when the URL has none. */
  readonly password: string;
}

/** Why a text is no WebSocket URL: the message of the script's `SyntaxError`. */
export interface UrlError {
  readonly error: string;
}

/** Longest URL that is parsed, in code units. Longer ones could not be sent to any server. */
export const maxUrlLength: number = 64 * 2 ** 10;

/**
 * Parses a WebSocket URL, relative to `baseUrl` when there is one.
 *
 * @see https://websockets.spec.whatwg.org/#dom-websocket-websocket
 */
export function parseWebSocketUrl(text: string, baseUrl?: string): WebSocketUrl | UrlError {
  if (text.length > maxUrlLength) {
    return { error: `The URL is longer than ${maxUrlLength} characters` };
  }
  // Steps 1 and 2: parse; failure is a SyntaxError.
  const url = parseUrl(text, baseUrl);
  if (url === undefined) return { error: `The URL '${shorten(text)}' is invalid` };
  // Steps 3 to 5: the HTTP schemes stand for their WebSocket counterparts; no other scheme is known.
  if (url.protocol === "http:") url.protocol = "ws:";
  if (url.protocol === "https:") url.protocol = "wss:";
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    return {
      error: `The URL's scheme must be 'ws', 'wss', 'http' or 'https', not '${shorten(url.protocol.slice(0, -1))}'`,
    };
  }
  // Step 6: an empty fragment is one too, but `hash` does not tell; elsewhere in a serialised URL "#" is escaped.
  if (url.href.includes("#")) {
    return { error: `The URL '${shorten(text)}' has a fragment, which WebSocket URLs must not` };
  }
  return { url, origin: url.origin, ...takeCredentials(url) };
}

/** Takes user name and password out of a URL, percent-decoded. */
export function takeCredentials(url: URL): Pick<WebSocketUrl, "username" | "password"> {
  const username = percentDecode(url.username);
  const password = percentDecode(url.password);
  url.username = "";
  url.password = "";
  return { username, password };
}

/** Parses any URL whose host is not too long to be looked at. */
export function parseUrl(text: string, baseUrl: string | undefined): URL | undefined {
  if (hasLongHost(text)) return undefined;
  try {
    return new URL(text, baseUrl);
  } catch {
    // Invalid: the only reason why the constructor throws.
    return undefined;
  }
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** Decodes ASCII text with percent escapes as UTF-8; what is not UTF-8 becomes U+FFFD. */
function percentDecode(text: string): string {
  if (!text.includes("%")) return text;
  const bytes: number[] = [];
  for (let index = 0; index < text.length; index += 1) {
    const escape = /^%([0-9a-f]{2})/i.exec(text.slice(index, index + 3))?.[1];
    bytes.push(escape === undefined ? text.charCodeAt(index) : Number.parseInt(escape, 16));
    if (escape !== undefined) index += 2;
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}

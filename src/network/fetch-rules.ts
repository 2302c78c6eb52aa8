import { forbiddenRequestHeaders } from "../boundary.ts";
import type { HeaderList } from "../events.ts";
import { isToken } from "../websocket/subprotocol.ts";
import { maxUrlLength, parseUrl, takeCredentials, type WebSocketUrl } from "../websocket/url.ts";

/** A URL that can be fetched: scheme `http` or `https`, no fragment; credentials apart. */
export type FetchUrl = Omit<WebSocketUrl, "origin">;

/** What a script asks to be fetched. */
export interface FetchRequest {
  readonly target: FetchUrl;
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  readonly redirect: RedirectMode;
}

/** @see https://fetch.spec.whatwg.org/#concept-request-redirect-mode */
export type RedirectMode = "follow" | "error" | "manual";

/** Redirects of one fetch, as the standard has it. */
export const maxRedirects = 20;

/** Characters of all headers that a script may send: more than servers take. */
const maxHeaderLength = 64 * 2 ** 10;

/**
 * Reads what the guest sent, or answers nothing for what is no request. The guest runtime has thrown by then; this is the host's own
 * defence.
 */
export function readRequest(
  texts: readonly string[],
  body: Uint8Array<ArrayBuffer> | undefined,
  baseUrl: string | undefined,
): FetchRequest | undefined {
  const [text = "", method = "", redirect = "", ...rest] = texts;
  const target = parseFetchUrl(text, baseUrl);
  const headers = readHeaders(rest);
  if (target === undefined || headers === undefined || !isRedirectMode(redirect)) return undefined;
  if (!isToken(method) || isForbiddenMethod(method) || method.length > maxMethodLength) {
    return undefined;
  }
  if (body !== undefined && /^(?:GET|HEAD)$/i.test(method)) return undefined;
  return { target, method, headers, body, redirect };
}

/** What a redirect asks for in place of `request`; or why it cannot be followed. */
export function followRedirect(
  request: FetchRequest,
  status: number,
  location: string,
): FetchRequest | string {
  const { url } = request.target;
  const target = parseFetchUrl(location, url.href);
  if (target === undefined) return "the redirect leads to no URL of http or https";
  // Only what a page of that origin may be told goes there: the policy of the next URL adds its own.
  const headers =
    target.url.origin === url.origin
      ? request.headers
      : request.headers.filter(([name]) => name.toLowerCase() !== "authorization");
  const { method } = request;
  const becomesGet =
    status === 303 ? method !== "GET" && method !== "HEAD" : status < 303 && method === "POST";
  if (!becomesGet) return { ...request, target, headers };
  return {
    ...request,
    target,
    method: "GET",
    body: undefined,
    headers: headers.filter(
      ([name]) => !/^content-(?:encoding|language|location|type)$/i.test(name),
    ),
  };
}

/** @see https://fetch.spec.whatwg.org/#redirect-status */
export function isRedirect(status: number): boolean {
  return (status >= 301 && status <= 303) || status === 307 || status === 308;
}

/** The value of a header that comes once; several are no one value. */
export function headerValue(headers: HeaderList, name: string): string | undefined {
  const values = headers.filter(([key]) => key.toLowerCase() === name);
  return values.length === 0 ? undefined : values.map(([, value]) => value).join(", ");
}

/** Headers of an answer that a script may see. Cookies are credentials, which are the host's. */
export function visibleHeaders(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => !/^set-cookie2?$/i.test(name));
}

const maxMethodLength = 64;

function parseFetchUrl(text: string, base: string | undefined): FetchUrl | undefined {
  if (text.length > maxUrlLength) return undefined;
  const url = parseUrl(text, base);
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:"))
    return undefined;
  url.hash = "";
  return { url, ...takeCredentials(url) };
}

function isRedirectMode(text: string): text is RedirectMode {
  return text === "follow" || text === "error" || text === "manual";
}

/** @see https://fetch.spec.whatwg.org/#forbidden-method */
function isForbiddenMethod(method: string): boolean {
  return /^(?:CONNECT|TRACE|TRACK)$/i.test(method);
}

function readHeaders(texts: readonly string[]): HeaderList | undefined {
  const headers: (readonly [string, string])[] = [];
  let length = 0;
  for (let index = 0; index < texts.length; index += 2) {
    const [name = "", value] = texts.slice(index, index + 2);
    length += name.length + (value?.length ?? 0);
    if (value === undefined || length > maxHeaderLength || !isToken(name)) return undefined;
    if (isForbiddenHeader(name) || !isHeaderValue(value)) return undefined;
    headers.push([name, value]);
  }
  return headers;
}

function isHeaderValue(value: string): boolean {
  return !/[^\t\u0020-\u007E\u0080-\u00FF]|^[\t ]|[\t ]$/.test(value);
}

/**
 * Whether scripts may not set a request header: those of the connection, and those whose names only a browser may use.
 *
 * @see https://fetch.spec.whatwg.org/#forbidden-request-header
 */
function isForbiddenHeader(name: string): boolean {
  return forbidden.has(name.toLowerCase()) || /^(?:proxy|sec)-/i.test(name);
}

const forbidden: ReadonlySet<string> = new Set(forbiddenRequestHeaders);

import { defineFunction, defineInterface } from "../interface.ts";
import {
  charCodeAt,
  createList,
  numberToString,
  RangeErrorOf,
  stringifyValue,
  TypeErrorOf,
} from "../intrinsics.ts";
import { requestUrl, type UrlParts } from "../url-service.ts";
import {
  checkArguments,
  illegalInvocation,
  isObject,
  toDictionary,
  toUnsignedShort,
  toUSVString,
} from "../webidl.ts";
import { type Body, cloneBody, defineBodyMixin, extractBody, isUnusable } from "./body.ts";
import { toByteString } from "./header-rules.ts";
import {
  combinedValue,
  createHeaders,
  defaultHeader,
  fillHeaders,
  type Headers,
  setGuard,
} from "./headers.ts";

/** What a response is, beside its body. */
export interface ResponseParts {
  readonly type: "basic" | "default" | "error" | "opaqueredirect";
  /** Empty for none. */
  readonly url: string;
  readonly redirected: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly body: Body | undefined;
}

/** Makes a response that no script made. */
export let createResponse: (parts: ResponseParts) => Response;

let read: (response: Response) => ResponseParts;
/** Base of relative URLs. */
let baseUrl: () => string;

/** Makes the second argument of the constructor that a script cannot give. */
const internal: object = { __proto__: null };

/** @see https://fetch.spec.whatwg.org/#response-class */
export class Response {
  #parts: ResponseParts;

  constructor(body?: unknown, init?: unknown) {
    if (init === internal) {
      this.#parts = body as ResponseParts;
      return;
    }
    this.#parts = toParts(body, toDictionary(init), undefined);
  }

  static error(): Response {
    return createResponse({
      type: "error",
      url: "",
      redirected: false,
      status: 0,
      statusText: "",
      headers: createHeaders(createList(), "immutable"),
      body: undefined,
    });
  }

  static redirect(...input: readonly unknown[]): Response {
    checkArguments("Response.redirect", input.length, 1);
    const text = toUSVString(input[0]);
    const status = input[1] === undefined ? 302 : toUnsignedShort(input[1]);
    const base = baseUrl();
    const request = createList<string>();
    request[0] = "parse";
    request[1] = text;
    if (base !== "") request[2] = base;
    const url = requestUrl(request) as UrlParts | null;
    if (url === null) throw new TypeErrorOf("Response.redirect: '" + text + "' is no URL");
    if (!isRedirectStatus(status)) {
      throw new RangeErrorOf(
        "Response.redirect: the status " + numberToString(status) + " does not redirect",
      );
    }
    const headers = createHeaders(createList(), "none");
    defaultHeader(headers, "Location", url[0]);
    setGuard(headers, "immutable");
    return createResponse({
      type: "default",
      url: "",
      redirected: false,
      status,
      statusText: "",
      headers,
      body: undefined,
    });
  }

  static json(...input: readonly unknown[]): Response {
    checkArguments("Response.json", input.length, 1);
    const text = stringifyValue(input[0]);
    if (text === undefined) throw new TypeErrorOf("Response.json: the value has no JSON");
    return createResponse(toParts(text, toDictionary(input[1]), "application/json"));
  }

  get type(): string {
    return read(this).type;
  }

  get url(): string {
    return read(this).url;
  }

  get redirected(): boolean {
    return read(this).redirected;
  }

  get status(): number {
    return read(this).status;
  }

  get ok(): boolean {
    const { status } = read(this);
    return status >= 200 && status <= 299;
  }

  get statusText(): string {
    return read(this).statusText;
  }

  get headers(): Headers {
    return read(this).headers;
  }

  clone(): Response {
    const parts = read(this);
    const { body, headers } = parts;
    if (body !== undefined && isUnusable(body)) {
      throw new TypeErrorOf("clone: the body has been read already");
    }
    const copied = createHeaders(createList(), "none");
    fillHeaders(copied, headers);
    setGuard(copied, parts.type === "default" ? "response" : "immutable");
    const bodies = body === undefined ? undefined : cloneBody(body);
    this.#parts = { ...parts, body: bodies?.[0] };
    return createResponse({ ...parts, headers: copied, body: bodies?.[1] });
  }

  static {
    createResponse = (parts) => new Response(parts, internal);
    read = (response) => {
      if (!isObject(response) || !(#parts in response)) illegalInvocation();
      return response.#parts;
    };
  }
}

/** Defines `Response`; `base` answers the base of relative URLs. */
export function defineResponse(target: object, base: () => string): void {
  baseUrl = base;
  defineInterface(target, Response, { name: "Response" });
  defineFunction(Response, "redirect", Response.redirect, 1);
  defineFunction(Response, "json", Response.json, 1);
  defineBodyMixin(Response.prototype, (value) => {
    const { body, headers } = read(value as Response);
    return { body, type: combinedValue(headers, "content-type") };
  });
}

/** Whether an answer with this status leads elsewhere. */
export function isRedirectStatus(status: number): boolean {
  return (status >= 301 && status <= 303) || status === 307 || status === 308;
}

/** Whether an answer with this status has no body. */
export function isNullBodyStatus(status: number): boolean {
  return status === 101 || status === 103 || status === 204 || status === 205 || status === 304;
}

function toParts(
  body: unknown,
  init: Record<string, unknown> | undefined,
  mediaType: string | undefined,
): ResponseParts {
  const givenHeaders = init?.["headers"];
  const givenStatus = init?.["status"];
  const status = givenStatus === undefined ? 200 : toUnsignedShort(givenStatus);
  const givenText = init?.["statusText"];
  const statusText = givenText === undefined ? "" : toByteString(givenText);
  const extracted = body === undefined || body === null ? undefined : extractBody(body);
  if (status < 200 || status > 599) {
    throw new RangeErrorOf(
      "Response: the status must be from 200 to 599, not " + numberToString(status),
    );
  }
  if (!isReasonPhrase(statusText)) throw new TypeErrorOf("Response: the statusText is none");
  const headers = createHeaders(createList(), "response");
  if (givenHeaders !== undefined) fillHeaders(headers, givenHeaders);
  if (extracted !== undefined) {
    if (isNullBodyStatus(status)) {
      throw new TypeErrorOf("Response: one with status " + numberToString(status) + " has no body");
    }
    const type = mediaType ?? extracted.type;
    if (type !== undefined) defaultHeader(headers, "Content-Type", type);
  }
  return {
    type: "default",
    url: "",
    redirected: false,
    status,
    statusText,
    headers,
    body: extracted?.body,
  };
}

function isReasonPhrase(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = charCodeAt(text, index);
    if (unit !== 0x09 && (unit < 0x20 || unit === 0x7f)) return false;
  }
  return true;
}

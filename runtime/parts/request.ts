import { type AbortSignal, dependentSignal, isAbortSignal } from "../abort.ts";
import { defineInterface } from "../interface.ts";
import { charCodeAt, createList, fromCharCode, TypeErrorOf } from "../intrinsics.ts";
import { requestUrl, type UrlParts } from "../url-service.ts";
import {
  checkArguments,
  illegalInvocation,
  isObject,
  toBoolean,
  toDictionary,
  toDOMString,
  toUSVString,
} from "../webidl.ts";
import {
  type Body,
  cloneBody,
  defineBodyMixin,
  extractBody,
  isUnusable,
  moveBody,
} from "./body.ts";
import { isForbiddenMethod, isToken, toByteString } from "./header-rules.ts";
import {
  combinedValue,
  createHeaders,
  defaultHeader,
  fillHeaders,
  type Headers,
} from "./headers.ts";

/** What a request is, beside its headers, its body and its signal. */
export interface RequestState {
  readonly url: string;
  readonly method: string;
  readonly redirect: string;
  readonly mode: string;
  readonly credentials: string;
  readonly cache: string;
  readonly referrer: string;
  readonly referrerPolicy: string;
  readonly integrity: string;
  readonly keepalive: boolean;
}

/** What `fetch` takes of a request. */
export interface RequestParts {
  readonly state: RequestState;
  readonly headers: Headers;
  readonly body: Body | undefined;
  /** The signal that the script gave. */
  readonly source: AbortSignal | undefined;
}

export let requestParts: (request: Request) => RequestParts;

export let isRequest: (value: unknown) => value is Request;
let read: (request: Request) => RequestParts;
/** Base of relative URLs. */
let baseUrl: () => string;

/** Makes the second argument of the constructor that a script cannot give. */
const internal: object = { __proto__: null };

/** @see https://fetch.spec.whatwg.org/#request-class */
export class Request {
  readonly #state: RequestState;
  readonly #headers: Headers;
  #body: Body | undefined;
  readonly #source: AbortSignal | undefined;
  /** Made when it is asked for: a signal that many requests follow would keep them all. */
  #signal: AbortSignal | undefined;

  constructor(input: unknown, init?: unknown) {
    checkArguments("Request", arguments.length, 1);
    if (init === internal) {
      const parts = input as RequestParts;
      this.#state = parts.state;
      this.#headers = parts.headers;
      this.#body = parts.body;
      this.#source = parts.source;
      return;
    }
    const from = isRequest(input) ? read(input) : undefined;
    const url = from === undefined ? parse(toUSVString(input)) : "";
    const members = toDictionary(init);
    const before = from?.state;
    const settings = readSettings(members, before);
    this.#state = { ...settings, url: before?.url ?? url };
    const signal = members?.["signal"];
    if (signal === undefined) this.#source = from?.source;
    else if (signal !== null) {
      if (!isAbortSignal(signal)) throw new TypeErrorOf("Request: the signal is no AbortSignal");
      this.#source = signal;
    }
    const headers = members?.["headers"];
    this.#headers = createHeaders(createList(), "request");
    if (headers !== undefined) fillHeaders(this.#headers, headers);
    else if (from !== undefined) fillHeaders(this.#headers, from.headers);
    const given = members?.["body"];
    const { method } = this.#state;
    const isGiven = given !== undefined && given !== null;
    const inherited = given === undefined ? from?.body : undefined;
    if ((isGiven || inherited !== undefined) && isBodiless(method)) {
      throw new TypeErrorOf("Request: one with the method " + method + " has no body");
    }
    if (isGiven) {
      const { body, type, isStream } = extractBody(given);
      if (isStream && members?.["duplex"] === undefined) {
        throw new TypeErrorOf('Request: a stream as body needs the member duplex: "half"');
      }
      this.#body = body;
      if (type !== undefined) defaultHeader(this.#headers, "Content-Type", type);
    } else if (inherited !== undefined) {
      if (isUnusable(inherited)) throw new TypeErrorOf("Request: the body has been read already");
      this.#body = moveBody(inherited);
    }
  }

  get method(): string {
    return read(this).state.method;
  }

  get url(): string {
    return read(this).state.url;
  }

  get headers(): Headers {
    return read(this).headers;
  }

  get destination(): string {
    read(this);
    return "";
  }

  get referrer(): string {
    return read(this).state.referrer;
  }

  get referrerPolicy(): string {
    return read(this).state.referrerPolicy;
  }

  get mode(): string {
    return read(this).state.mode;
  }

  get credentials(): string {
    return read(this).state.credentials;
  }

  get cache(): string {
    return read(this).state.cache;
  }

  get redirect(): string {
    return read(this).state.redirect;
  }

  get integrity(): string {
    return read(this).state.integrity;
  }

  get keepalive(): boolean {
    return read(this).state.keepalive;
  }

  get isReloadNavigation(): boolean {
    read(this);
    return false;
  }

  get isHistoryNavigation(): boolean {
    read(this);
    return false;
  }

  get signal(): AbortSignal {
    read(this);
    return (this.#signal ??= dependentSignal(this.#source));
  }

  get duplex(): string {
    read(this);
    return "half";
  }

  clone(): Request {
    const { body } = read(this);
    if (body !== undefined && isUnusable(body)) {
      throw new TypeErrorOf("clone: the body has been read already");
    }
    const headers = createHeaders(createList(), "request");
    fillHeaders(headers, this.#headers);
    const bodies = body === undefined ? undefined : cloneBody(body);
    this.#body = bodies?.[0];
    const parts: RequestParts = {
      state: this.#state,
      headers,
      body: bodies?.[1],
      source: this.#source,
    };
    return new Request(parts, internal);
  }

  static {
    isRequest = (value): value is Request => isObject(value) && #state in value;
    read = (request) => {
      if (!isRequest(request)) illegalInvocation();
      return {
        state: request.#state,
        headers: request.#headers,
        body: request.#body,
        source: request.#source,
      };
    };
    requestParts = read;
  }
}

/** Defines `Request`; `base` answers the base of relative URLs. */
export function defineRequest(target: object, base: () => string): void {
  baseUrl = base;
  defineInterface(target, Request, { name: "Request", length: 1 });
  defineBodyMixin(Request.prototype, (value) => {
    const { body, headers } = read(value as Request);
    return { body, type: combinedValue(headers, "content-type") };
  });
}

function parse(text: string): string {
  const base = baseUrl();
  const request = createList<string>();
  request[0] = "parse";
  request[1] = text;
  if (base !== "") request[2] = base;
  const parts = requestUrl(request) as UrlParts | null;
  if (parts === null) throw new TypeErrorOf("'" + text + "' is no URL");
  if (parts[3] !== "" || parts[4] !== "") {
    throw new TypeErrorOf("The URL of a request holds no user name and no password");
  }
  return parts[0];
}

function isBodiless(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

/** Members that have a few values only. */
type Choice = "cache" | "credentials" | "mode" | "redirect" | "referrerPolicy";

/** Members of `RequestInit` that are values, in the order of their conversion; the URL is left empty. */
function readSettings(
  members: Record<string, unknown> | undefined,
  before: RequestState | undefined,
): RequestState {
  const choose = (name: Choice, choices: readonly string[]): string => {
    const value = members?.[name];
    if (value === undefined) return before?.[name] ?? choices[0] ?? "";
    const text = toDOMString(value);
    for (let index = 0; index < choices.length; index++) if (choices[index] === text) return text;
    throw new TypeErrorOf("Request: '" + text + "' is no " + name);
  };
  const cache = choose("cache", caches);
  const credentials = choose("credentials", ["same-origin", "omit", "include"]);
  const integrity = members?.["integrity"];
  const keepalive = members?.["keepalive"];
  const method = members?.["method"];
  const mode = choose("mode", ["cors", "no-cors", "same-origin", "navigate"]);
  const redirect = choose("redirect", ["follow", "error", "manual"]);
  const referrer = members?.["referrer"];
  const referrerPolicy = choose("referrerPolicy", referrerPolicies);
  const window = members?.["window"];
  if (window !== undefined && window !== null) {
    throw new TypeErrorOf("Request: the member window can only be null");
  }
  if (mode === "navigate") throw new TypeErrorOf("Request: a script cannot navigate");
  if (cache === "only-if-cached" && mode !== "same-origin") {
    throw new TypeErrorOf('Request: cache "only-if-cached" needs the mode "same-origin"');
  }
  return {
    url: "",
    method: method === undefined ? (before?.method ?? "GET") : toMethod(method),
    redirect,
    mode,
    credentials,
    cache,
    referrer: referrer === undefined ? (before?.referrer ?? client) : toReferrer(referrer),
    referrerPolicy,
    integrity: integrity === undefined ? (before?.integrity ?? "") : toDOMString(integrity),
    keepalive: keepalive === undefined ? (before?.keepalive ?? false) : toBoolean(keepalive),
  };
}

const client = "about:client";

const caches = ["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"];

const referrerPolicies = [
  "",
  "no-referrer",
  "no-referrer-when-downgrade",
  "same-origin",
  "origin",
  "strict-origin",
  "origin-when-cross-origin",
  "strict-origin-when-cross-origin",
  "unsafe-url",
];

/** No referrer is ever sent; what is kept is what can be read back. */
function toReferrer(value: unknown): string {
  const text = toUSVString(value);
  return text === "" || text === client ? text : parse(text);
}

/** @see https://fetch.spec.whatwg.org/#concept-method-normalize */
function toMethod(value: unknown): string {
  const text = toByteString(value);
  if (!isToken(text)) throw new TypeErrorOf("Request: '" + text + "' is no method of HTTP");
  if (isForbiddenMethod(text)) {
    throw new TypeErrorOf("Request: scripts may not use the method " + text);
  }
  const upper = toUpperCase(text);
  for (let index = 0; index < normalized.length; index++) {
    if (normalized[index] === upper) return upper;
  }
  return text;
}

const normalized = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];

function toUpperCase(text: string): string {
  let upper = "";
  for (let index = 0; index < text.length; index++) {
    const unit = charCodeAt(text, index);
    upper += unit >= 0x61 && unit <= 0x7a ? fromCharCode(unit - 0x20) : (text[index] ?? "");
  }
  return upper;
}

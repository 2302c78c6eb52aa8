import { defineFunction, defineInterface } from "../interface.ts";
import { TypeErrorOf } from "../intrinsics.ts";
import { requestUrl, type UrlParts } from "../url-service.ts";
import { checkArguments, illegalInvocation, toUSVString } from "../webidl.ts";
import { attachQuery, URLSearchParams } from "./url-search-params.ts";

/** Positions in {@link UrlParts}. */
const href = 0;
const origin = 1;
const protocol = 2;
const username = 3;
const password = 4;
const host = 5;
const hostname = 6;
const port = 7;
const pathname = 8;
const search = 9;
const hash = 10;

/** Makes the URL object that a static method returns without parsing twice. */
const parsed: object = { __proto__: null };

/** These reach the private fields; the first checks the brand. */
let read: (url: URL) => UrlParts;
let change: (url: URL, attribute: string, value: unknown) => void;

/** @see https://url.spec.whatwg.org/#url-class */
class URL {
  #parts: UrlParts;
  #searchParams: URLSearchParams | undefined;

  constructor(url: unknown, base?: unknown) {
    if (base === parsed) {
      this.#parts = url as UrlParts;
      return;
    }
    checkArguments("URL", arguments.length, 1);
    const parts = parse(url, base);
    if (parts === undefined) throw new TypeErrorOf("Invalid URL");
    this.#parts = parts;
  }

  static parse(...input: readonly unknown[]): URL | null {
    checkArguments("URL.parse", input.length, 1);
    const parts = parse(input[0], input[1]);
    return parts === undefined ? null : new URL(parts, parsed);
  }

  static canParse(...input: readonly unknown[]): boolean {
    checkArguments("URL.canParse", input.length, 1);
    return parse(input[0], input[1]) !== undefined;
  }

  get href(): string {
    return read(this)[href];
  }

  set href(value: unknown) {
    read(this);
    const parts = parse(value, undefined);
    if (parts === undefined) throw new TypeErrorOf("Invalid URL");
    this.#parts = parts;
    this.#updateQuery();
  }

  get origin(): string {
    return read(this)[origin];
  }

  get protocol(): string {
    return read(this)[protocol];
  }

  set protocol(value: unknown) {
    change(this, "protocol", value);
  }

  get username(): string {
    return read(this)[username];
  }

  set username(value: unknown) {
    change(this, "username", value);
  }

  get password(): string {
    return read(this)[password];
  }

  set password(value: unknown) {
    change(this, "password", value);
  }

  get host(): string {
    return read(this)[host];
  }

  set host(value: unknown) {
    change(this, "host", value);
  }

  get hostname(): string {
    return read(this)[hostname];
  }

  set hostname(value: unknown) {
    change(this, "hostname", value);
  }

  get port(): string {
    return read(this)[port];
  }

  set port(value: unknown) {
    change(this, "port", value);
  }

  get pathname(): string {
    return read(this)[pathname];
  }

  set pathname(value: unknown) {
    change(this, "pathname", value);
  }

  get search(): string {
    return read(this)[search];
  }

  set search(value: unknown) {
    change(this, "search", value);
    this.#updateQuery();
  }

  get searchParams(): URLSearchParams {
    const parts = read(this);
    if (this.#searchParams === undefined) {
      this.#searchParams = new URLSearchParams();
      attachQuery(this.#searchParams, parts[search], (query) => change(this, "search", query));
    }
    return this.#searchParams;
  }

  get hash(): string {
    return read(this)[hash];
  }

  set hash(value: unknown) {
    change(this, "hash", value);
  }

  toString(): string {
    return read(this)[href];
  }

  toJSON(): string {
    return read(this)[href];
  }

  #updateQuery(): void {
    if (this.#searchParams !== undefined) attachQuery(this.#searchParams, this.#parts[search]);
  }

  static {
    read = (url) => {
      if (!(#parts in url)) illegalInvocation();
      return url.#parts;
    };
    change = (url, attribute, value) => {
      const { 0: current } = read(url);
      const text = toUSVString(value);
      // The host only refuses what is no URL, and this one was made by it.
      url.#parts = requestUrl(["set", current, attribute, text]) as UrlParts;
    };
  }
}

/** Defines `URL`. */
export function defineUrl(target: object): void {
  defineInterface(target, URL, { name: "URL", length: 1 });
  defineFunction(URL, "parse", URL.parse, 1);
  defineFunction(URL, "canParse", URL.canParse, 1);
}

function parse(url: unknown, base: unknown): UrlParts | undefined {
  const text = toUSVString(url);
  const parts =
    base === undefined
      ? requestUrl(["parse", text])
      : requestUrl(["parse", text, toUSVString(base)]);
  return (parts ?? undefined) as UrlParts | undefined;
}

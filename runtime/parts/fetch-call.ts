import { fetchWindow, EventKind, type HeadEvent } from "../../src/boundary.ts";
import { abortReason, type AbortSignal, isAborted, whenAborted } from "../abort.ts";
import { DOMException } from "../dom-exception.ts";
import { hostFetch, hostFetchAbort, hostFetchRead } from "../host.ts";
import {
  arrayBufferByteLength,
  createList,
  createMap,
  createWeakMap,
  indexOf,
  jsonParse,
  jsonStringify,
  PromiseOf,
  type SafeMap,
  toLowerCase,
  typedArrayBuffer,
  TypeErrorOf,
  Uint8ArrayOf,
} from "../intrinsics.ts";
import { checkArguments } from "../webidl.ts";
import { consumeBody, createBody, isUnusable } from "./body.ts";
import type { ByteSource, Take } from "./byte-source.ts";
import { fetchData } from "./data-url.ts";
import { createHeaders, type Header, headerList, setGuard } from "./headers.ts";
import { Request, type RequestParts, requestParts } from "./request.ts";
import { createResponse, isNullBodyStatus, isRedirectStatus } from "./response.ts";

/** Fetches whose last event has not come. */
const running: SafeMap<number, Running> = createMap();

/** What follows each signal, so that many fetches with one signal leave nothing with it. */
const followers = createWeakMap<AbortSignal, SafeMap<Running, true>>();

/** `fetch(input, init)`. @see https://fetch.spec.whatwg.org/#fetch-method */
export function fetchResource(count: number, input: unknown, init: unknown): Promise<unknown> {
  return new PromiseOf((resolve, reject) => {
    checkArguments("fetch", count, 1);
    const request = requestParts(new Request(input, init));
    const { source, body, state } = request;
    if (source !== undefined && isAborted(source)) throw abortReason(source);
    if (state.integrity !== "") failed();
    const fetch = new Running(request, resolve, reject);
    if (body === undefined) fetch.start(undefined);
    else if (isUnusable(body)) throw new TypeErrorOf("fetch: the body has been read already");
    else {
      consumeBody(
        body,
        (bytes) => fetch.start(bytes),
        (reason) => fetch.fail(reason),
      );
    }
  });
}

/** Takes what the host tells of a fetch. What goes wrong in here, for want of memory, is the end of that fetch. */
export function deliverEvent(
  kind: EventKind,
  id: number,
  data: string | ArrayBuffer | undefined,
): void {
  const fetch = running.get(id);
  if (fetch === undefined) return;
  try {
    if (kind === EventKind.Head) fetch.head(jsonParse(data as string) as HeadEvent);
    else if (kind === EventKind.Data) fetch.data(data as ArrayBuffer);
    else if (kind === EventKind.End) fetch.end();
    else fetch.lost();
  } catch (error) {
    fetch.abort(error);
  }
}

interface Chunk {
  readonly bytes: ArrayBuffer;
  next: Chunk | undefined;
}

/** One fetch, from the call to the end of its body. */
class Running implements ByteSource {
  readonly whole = undefined;
  readonly #request: RequestParts;
  readonly #resolve: (response: unknown) => void;
  readonly #reject: (reason: unknown) => void;
  /** 0 until the host knows of it. */
  #id = 0;
  #hasHead = false;
  #first: Chunk | undefined;
  #last: Chunk | undefined;
  /** Bytes that were taken since the host was told of room. */
  #taken = 0;
  #isOver = false;
  #failure: { readonly reason: unknown } | undefined;
  #take: Take | undefined;
  #fail: ((reason: unknown) => void) | undefined;

  constructor(
    request: RequestParts,
    resolve: (response: unknown) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#follow(request.source);
  }

  /** Asks the host, now that the body is known. */
  start(body: ArrayBuffer | undefined): void {
    if (this.#isOver) return;
    const { state, headers } = this.#request;
    if (indexOf(state.url, "data:") === 0) {
      const isWanted = state.method === "GET" || state.method === "HEAD";
      const response = isWanted ? fetchData(state.url, state.method) : undefined;
      this.#leave();
      if (response === undefined) this.#reject(networkError());
      else this.#resolve(response);
      return;
    }
    const texts = createList<string>();
    texts[0] = state.url;
    texts[1] = state.method;
    texts[2] = state.redirect;
    const list = headerList(headers);
    for (let index = 0; index < list.length; index++) {
      const header = list[index] as Header;
      texts[texts.length] = header[2];
      texts[texts.length] = header[1];
    }
    const id = isHttp(state.url)
      ? hostFetch(jsonStringify(texts), body !== undefined, body ?? emptyBuffer())
      : 0;
    if (id > 0) {
      this.#id = id;
      running.set(id, this);
      return;
    }
    this.#leave();
    this.#reject(
      id === 0
        ? networkError()
        : new DOMException(
            "Too many fetches wait, or were dropped in this minute",
            "QuotaExceededError",
          ),
    );
  }

  head(head: HeadEvent): void {
    const { method, redirect } = this.#request.state;
    this.#hasHead = true;
    const status = head[0];
    if (redirect === "manual" && isRedirectStatus(status)) {
      this.#resolve(
        createResponse({
          type: "opaqueredirect",
          url: head[2],
          redirected: false,
          status: 0,
          statusText: "",
          headers: createHeaders(createList(), "immutable"),
          body: undefined,
        }),
      );
      return;
    }
    const list = createList<Header>();
    for (let index = 4; index + 1 < head.length; index += 2) {
      const name = head[index] as string;
      list[list.length] = [toLowerCase(name), head[index + 1] as string, name];
    }
    const headers = createHeaders(list, "immutable");
    setGuard(headers, "immutable");
    const hasBody = method !== "HEAD" && !isNullBodyStatus(status);
    this.#resolve(
      createResponse({
        type: "basic",
        url: head[2],
        redirected: head[3],
        status,
        statusText: head[1],
        headers,
        body: hasBody ? createBody(this) : undefined,
      }),
    );
  }

  data(bytes: ArrayBuffer): void {
    const take = this.#take;
    if (take !== undefined) {
      this.#take = this.#fail = undefined;
      this.#count(bytes);
      take(bytes);
      return;
    }
    const chunk: Chunk = { bytes, next: undefined };
    if (this.#last === undefined) this.#first = chunk;
    else this.#last.next = chunk;
    this.#last = chunk;
  }

  end(): void {
    const take = this.#take;
    this.#leave();
    take?.(undefined);
  }

  /** The host gave it up. */
  lost(): void {
    this.#leave();
    this.fail(networkError());
  }

  /** The script gave it up, or it cannot go on. */
  abort(reason: unknown): void {
    const isKnown = !this.#isOver;
    this.#leave();
    if (isKnown && this.#id > 0) hostFetchAbort(this.#id);
    this.fail(reason);
  }

  /** Fails for the script: the promise, or the body. */
  fail(reason: unknown): void {
    this.#leave();
    if (!this.#hasHead) {
      this.#reject(reason);
      return;
    }
    this.#failure ??= { reason };
    this.#first = this.#last = undefined;
    const fail = this.#fail;
    this.#take = this.#fail = undefined;
    fail?.(reason);
  }

  read(take: Take, fail: (reason: unknown) => void): void {
    const chunk = this.#first;
    if (chunk !== undefined) {
      this.#first = chunk.next;
      if (chunk.next === undefined) this.#last = undefined;
      this.#count(chunk.bytes);
      take(chunk.bytes);
    } else if (this.#failure !== undefined) fail(this.#failure.reason);
    else if (this.#isOver) take(undefined);
    else {
      this.#take = take;
      this.#fail = fail;
    }
  }

  cancel(): void {
    const isKnown = !this.#isOver;
    this.#leave();
    this.#first = this.#last = undefined;
    if (isKnown) hostFetchAbort(this.#id);
  }

  /** Tells the host of room when half of what it may send has been taken. */
  #count(bytes: ArrayBuffer): void {
    this.#taken += arrayBufferByteLength(bytes);
    if (this.#taken < fetchWindow / 2 || this.#isOver) return;
    this.#taken = 0;
    hostFetchRead(this.#id);
  }

  #follow(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    let following = followers.get(signal);
    if (following === undefined) {
      const all = createMap<Running, true>();
      following = all;
      followers.set(signal, all);
      whenAborted(signal, () => {
        all.forEach((_value, fetch) => fetch.abort(abortReason(signal)));
      });
    }
    following.set(this, true);
  }

  /** Nothing more comes of it. */
  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    running.delete(this.#id);
    const { source } = this.#request;
    if (source !== undefined) followers.get(source)?.delete(this);
  }
}

/** What a script learns of a failure: never why. */
function networkError(): TypeError {
  return new TypeErrorOf("Failed to fetch");
}

function failed(): never {
  throw networkError();
}

function isHttp(url: string): boolean {
  return indexOf(url, "http:") === 0 || indexOf(url, "https:") === 0;
}

function emptyBuffer(): ArrayBuffer {
  return typedArrayBuffer(new Uint8ArrayOf(0)) as ArrayBuffer;
}

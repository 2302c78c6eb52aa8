/* Types of scripts that fetch: `fetch`, `Request`, `Response`, `Headers` and `FormData`. */

type HeadersInit =
  | Headers
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string>>;

/** The headers of a request or response: names in lower case, values of one name joined by commas. */
interface Headers {
  append(name: string, value: string): void;
  delete(name: string): void;
  get(name: string): string | null;
  getSetCookie(): string[];
  has(name: string): boolean;
  set(name: string, value: string): void;
  forEach(
    callback: (value: string, name: string, headers: Headers) => void,
    thisArgument?: unknown,
  ): void;
  entries(): IterableIterator<[name: string, value: string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  [Symbol.iterator](): IterableIterator<[name: string, value: string]>;
}

declare var Headers: { prototype: Headers; new (init?: HeadersInit): Headers };

type FormDataEntryValue = string | File;

interface FormData {
  append(name: string, value: string): void;
  append(name: string, value: Blob, fileName?: string): void;
  delete(name: string): void;
  get(name: string): FormDataEntryValue | null;
  getAll(name: string): FormDataEntryValue[];
  has(name: string): boolean;
  set(name: string, value: string): void;
  set(name: string, value: Blob, fileName?: string): void;
  forEach(
    callback: (value: FormDataEntryValue, name: string, form: FormData) => void,
    thisArgument?: unknown,
  ): void;
  entries(): IterableIterator<[name: string, value: FormDataEntryValue]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<FormDataEntryValue>;
  [Symbol.iterator](): IterableIterator<[name: string, value: FormDataEntryValue]>;
}

declare var FormData: { prototype: FormData; new (): FormData };

type BodyInit =
  | string
  | Blob
  | ArrayBuffer
  | ArrayBufferView
  | FormData
  | URLSearchParams
  | ReadableStream<Uint8Array>;

/** What requests and responses have in common. A body is read once. */
interface Body {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  readonly bodyUsed: boolean;
  arrayBuffer(): Promise<ArrayBuffer>;
  blob(): Promise<Blob>;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  formData(): Promise<FormData>;
  // oxlint-disable-next-line no-explicit-any -- as in every browser: whatever the JSON holds
  json(): Promise<any>;
  text(): Promise<string>;
}

type RequestCache =
  | "default"
  | "no-store"
  | "reload"
  | "no-cache"
  | "force-cache"
  | "only-if-cached";
type RequestCredentials = "same-origin" | "omit" | "include";
type RequestMode = "cors" | "no-cors" | "same-origin";
type RequestRedirect = "follow" | "error" | "manual";
type ReferrerPolicy =
  | ""
  | "no-referrer"
  | "no-referrer-when-downgrade"
  | "same-origin"
  | "origin"
  | "strict-origin"
  | "origin-when-cross-origin"
  | "strict-origin-when-cross-origin"
  | "unsafe-url";

interface RequestInit {
  method?: string;
  headers?: HeadersInit;
  body?: BodyInit | null;
  redirect?: RequestRedirect;
  signal?: AbortSignal | null;
  /** Needed with a stream as body, which is read to its end before anything is sent. */
  duplex?: "half";
  /** Kept, and without effect: there is no page, no cache and no referrer. */
  mode?: RequestMode;
  /** Kept, and without effect: credentials are the embedder's. */
  credentials?: RequestCredentials;
  /** Kept, and without effect. */
  cache?: RequestCache;
  /** Kept, and without effect. */
  referrer?: string;
  /** Kept, and without effect. */
  referrerPolicy?: ReferrerPolicy;
  /** Kept, and without effect. */
  keepalive?: boolean;
  /** A request with other metadata than `""` fails: nothing checks it. */
  integrity?: string;
  window?: null;
}

interface Request extends Body {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly destination: "";
  readonly referrer: string;
  readonly referrerPolicy: ReferrerPolicy;
  readonly mode: RequestMode;
  readonly credentials: RequestCredentials;
  readonly cache: RequestCache;
  readonly redirect: RequestRedirect;
  readonly integrity: string;
  readonly keepalive: boolean;
  readonly isReloadNavigation: boolean;
  readonly isHistoryNavigation: boolean;
  readonly signal: AbortSignal;
  readonly duplex: "half";
  clone(): Request;
}

declare var Request: {
  prototype: Request;
  new (input: string | URL | Request, init?: RequestInit): Request;
};

interface ResponseInit {
  status?: number;
  statusText?: string;
  headers?: HeadersInit;
}

type ResponseType = "basic" | "default" | "error" | "opaqueredirect";

interface Response extends Body {
  readonly type: ResponseType;
  /** Where the answer came from in the end; `""` for a response that a script made. */
  readonly url: string;
  readonly redirected: boolean;
  readonly status: number;
  /** Whether `status` is from 200 to 299. */
  readonly ok: boolean;
  readonly statusText: string;
  readonly headers: Headers;
  clone(): Response;
}

declare var Response: {
  prototype: Response;
  new (body?: BodyInit | null, init?: ResponseInit): Response;
  error(): Response;
  redirect(url: string | URL, status?: 301 | 302 | 303 | 307 | 308): Response;
  json(data: unknown, init?: ResponseInit): Response;
};

/**
 * Asks a server of HTTP. Settles with the headers of the answer; its body comes as it is read.
 *
 * Rejects with a `TypeError` when there is no answer, for whatever reason, and with the reason of the signal when that is aborted.
 */
declare function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;

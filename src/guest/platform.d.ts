/* The other globals of a sandbox: HTML, Console, Encoding, File API, High Resolution Time, Web Crypto. */

/** The global object. It is no window: there is no document. */
declare var self: typeof globalThis;
declare var window: typeof globalThis;
declare var WorkerGlobalScope: { prototype: EventTarget };
declare var DedicatedWorkerGlobalScope: { prototype: EventTarget };

/** What a worker knows of its surroundings: the same in every sandbox, but for `onLine`. */
interface WorkerNavigator {
  readonly appCodeName: string;
  readonly appName: string;
  readonly appVersion: string;
  readonly platform: string;
  readonly product: string;
  readonly userAgent: string;
  readonly language: string;
  readonly languages: readonly string[];
  /** Whether the device is on a network, as far as the host has told. */
  readonly onLine: boolean;
  readonly hardwareConcurrency: number;
}
declare var WorkerNavigator: { prototype: WorkerNavigator };
declare const navigator: WorkerNavigator;

/** The base URL that the host gave, else `about:blank`. */
interface WorkerLocation {
  readonly href: string;
  readonly origin: string;
  readonly protocol: string;
  readonly host: string;
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
  readonly search: string;
  readonly hash: string;
  toString(): string;
}
declare var WorkerLocation: { prototype: WorkerLocation };
declare const location: WorkerLocation;
declare const origin: string;
declare const isSecureContext: boolean;
declare const crossOriginIsolated: boolean;

/** The host told that the device is on a network again, or no longer. */
declare var ononline: ((event: Event) => unknown) | null;
declare var onoffline: ((event: Event) => unknown) | null;
/** Throws for every URL: there is nothing to load from. */
declare function importScripts(...urls: string[]): void;

declare function addEventListener(
  type: "error",
  listener: ((event: ErrorEvent) => unknown) | null,
  options?: AddEventListenerOptions | boolean,
): void;
declare function addEventListener(
  type: "unhandledrejection",
  listener: ((event: PromiseRejectionEvent) => unknown) | null,
  options?: AddEventListenerOptions | boolean,
): void;
declare function addEventListener(
  type: string,
  listener: EventListenerOrObject | null,
  options?: AddEventListenerOptions | boolean,
): void;
declare function removeEventListener(
  type: "error",
  listener: ((event: ErrorEvent) => unknown) | null,
  options?: EventListenerOptions | boolean,
): void;
declare function removeEventListener(
  type: "unhandledrejection",
  listener: ((event: PromiseRejectionEvent) => unknown) | null,
  options?: EventListenerOptions | boolean,
): void;
declare function removeEventListener(
  type: string,
  listener: EventListenerOrObject | null,
  options?: EventListenerOptions | boolean,
): void;
declare function dispatchEvent(event: Event): boolean;

/** Is told of exceptions that nobody caught; `true` says that it was handled. */
declare var onerror:
  | ((message: string, file: string, line: number, column: number, error: unknown) => unknown)
  | null;

declare var onunhandledrejection: ((event: PromiseRejectionEvent) => unknown) | null;

/** Reports a value as an exception that nobody caught. */
declare function reportError(error: unknown): void;
/** Shows a message through the embedder. */
declare function alert(message?: unknown): void;

/** Calls back once after some milliseconds. The handler must be a function. */
declare function setTimeout<Arguments extends unknown[]>(
  handler: (...args: Arguments) => unknown,
  milliseconds?: number,
  ...args: Arguments
): number;
declare function clearTimeout(id?: number | null): void;
declare function setInterval<Arguments extends unknown[]>(
  handler: (...args: Arguments) => unknown,
  milliseconds?: number,
  ...args: Arguments
): number;
declare function clearInterval(id?: number | null): void;
declare function queueMicrotask(callback: () => void): void;

declare function atob(data: string): string;
declare function btoa(data: string): string;

interface Console {
  assert(condition?: unknown, ...data: unknown[]): void;
  clear(): void;
  count(label?: string): void;
  countReset(label?: string): void;
  debug(...data: unknown[]): void;
  dir(item?: unknown, options?: unknown): void;
  dirxml(...data: unknown[]): void;
  error(...data: unknown[]): void;
  group(...data: unknown[]): void;
  groupCollapsed(...data: unknown[]): void;
  groupEnd(): void;
  info(...data: unknown[]): void;
  log(...data: unknown[]): void;
  table(data?: unknown, properties?: readonly string[]): void;
  time(label?: string): void;
  timeEnd(label?: string): void;
  timeLog(label?: string, ...data: unknown[]): void;
  trace(...data: unknown[]): void;
  warn(...data: unknown[]): void;
}

declare var console: Console;

interface Performance {
  /** Milliseconds since the sandbox started. */
  now(): number;
  readonly timeOrigin: number;
  mark(name: string, options?: PerformanceMarkOptions): PerformanceMark;
  measure(
    name: string,
    startOrOptions?: string | PerformanceMeasureOptions,
    endMark?: string,
  ): PerformanceMeasure;
  clearMarks(name?: string): void;
  clearMeasures(name?: string): void;
  getEntries(): PerformanceEntry[];
  getEntriesByName(name: string, type?: string): PerformanceEntry[];
  getEntriesByType(type: string): PerformanceEntry[];
  toJSON(): object;
}

interface PerformanceMarkOptions {
  detail?: unknown;
  startTime?: number;
}

interface PerformanceMeasureOptions {
  detail?: unknown;
  start?: string | number;
  end?: string | number;
  duration?: number;
}

interface PerformanceEntry {
  readonly name: string;
  readonly entryType: string;
  readonly startTime: number;
  readonly duration: number;
  toJSON(): object;
}
declare var PerformanceEntry: { prototype: PerformanceEntry };

interface PerformanceMark extends PerformanceEntry {
  readonly detail: unknown;
}
declare var PerformanceMark: {
  prototype: PerformanceMark;
  new (name: string, options?: PerformanceMarkOptions): PerformanceMark;
};

interface PerformanceMeasure extends PerformanceEntry {
  readonly detail: unknown;
}
declare var PerformanceMeasure: { prototype: PerformanceMeasure };

declare var Performance: { prototype: Performance };
declare var performance: Performance;

interface TextEncoder {
  readonly encoding: string;
  encode(input?: string): Uint8Array<ArrayBuffer>;
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number };
}

declare var TextEncoder: { prototype: TextEncoder; new (): TextEncoder };

interface TextDecoderOptions {
  fatal?: boolean;
  ignoreBOM?: boolean;
}

interface TextDecoder {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(input?: ArrayBuffer | ArrayBufferView, options?: { stream?: boolean }): string;
}

declare var TextDecoder: {
  prototype: TextDecoder;
  new (label?: string, options?: TextDecoderOptions): TextDecoder;
};

type BlobPart = string | Blob | ArrayBuffer | ArrayBufferView;

interface BlobPropertyBag {
  type?: string;
  endings?: "transparent" | "native";
}

interface Blob {
  readonly size: number;
  readonly type: string;
  slice(start?: number, end?: number, type?: string): Blob;
  text(): Promise<string>;
  arrayBuffer(): Promise<ArrayBuffer>;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
}

declare var Blob: {
  prototype: Blob;
  new (parts?: Iterable<BlobPart>, options?: BlobPropertyBag): Blob;
};

interface FilePropertyBag extends BlobPropertyBag {
  lastModified?: number;
}

interface File extends Blob {
  readonly name: string;
  readonly lastModified: number;
}

declare var File: {
  prototype: File;
  new (parts: Iterable<BlobPart>, name: string, options?: FilePropertyBag): File;
};

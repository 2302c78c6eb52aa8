import type { ConnectionFailure, HeaderList, SandboxEvent } from "../events.ts";

/** One HTTP request that a script made by `fetch`, as it was observed so far. */
export interface TestRequest {
  /** 1 for the script's first. */
  readonly id: number;
  readonly method: string;
  readonly url: string;
  /** What the script sent; not what the policy adds. */
  readonly headers: HeaderList;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly redirects: readonly TestRedirect[];
  /** Absent until the answer has come. */
  readonly response: TestResponse | undefined;
  readonly isFinished: boolean;
  /** Why it failed, which the script is not told. */
  readonly failure: ConnectionFailure | undefined;
  /** Milliseconds since the sandbox started. */
  readonly time: number;
}

/** An answer that led to another request. */
export interface TestRedirect {
  readonly status: number;
  readonly method: string;
  readonly url: string;
  readonly time: number;
}

/** The answer to a {@link TestRequest}. */
export interface TestResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: HeaderList;
  /** What has come so far. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly time: number;
}

/** A {@link TestRequest} made from events, which must include those of `trace`. */
export class LoggedRequest implements TestRequest {
  readonly id: number;
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderList;
  readonly time: number;
  readonly redirects: TestRedirect[] = [];
  body: Uint8Array<ArrayBuffer> = new Uint8Array();
  response: TestResponse | undefined;
  isFinished = false;
  failure: ConnectionFailure | undefined;

  constructor(event: SandboxEvent & { readonly type: "request" }) {
    this.id = event.request;
    this.method = event.method;
    this.url = event.url;
    this.headers = event.headers;
    this.time = event.time;
  }

  add(event: SandboxEvent): void {
    const { time } = event;
    if (event.type === "requestBody") {
      // After a redirect it is sent once more.
      this.body = event.data;
    } else if (event.type === "redirect") {
      const { status, method, url } = event;
      this.redirects.push({ status, method, url, time });
    } else if (event.type === "response") {
      const { status, statusText, headers } = event;
      this.response = { status, statusText, headers, body: new Uint8Array(), time };
    } else if (event.type === "responseBody" && this.response !== undefined) {
      const body = new Uint8Array(Buffer.concat([this.response.body, event.data]));
      this.response = { ...this.response, body };
    } else if (event.type === "finished") {
      this.isFinished = true;
      this.failure = event.failure;
    }
  }
}

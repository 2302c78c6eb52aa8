import type { HostCalls } from "../src/boundary.ts";
import { jsonParse, jsonStringify } from "./intrinsics.ts";

/** Parts of a URL in the order in which the host answers. */
export type UrlParts = readonly [
  href: string,
  origin: string,
  protocol: string,
  username: string,
  password: string,
  host: string,
  hostname: string,
  port: string,
  pathname: string,
  search: string,
  hash: string,
];

/** One name and value of a query. */
export type QueryPair = readonly [name: string, value: string];

let call: HostCalls["url"];

/** Takes the host's function; there is one bundle, and so one host, per context. */
export function connectUrlService(url: HostCalls["url"]): void {
  call = url;
}

/** Asks the host; `request` is a literal of strings. `null` stands for failure. */
export function requestUrl(request: readonly string[]): unknown {
  let json = "[";
  for (let index = 0; index < request.length; index++) {
    json += (index === 0 ? "" : ",") + jsonStringify(request[index] ?? "");
  }
  return jsonParse(call(json + "]"));
}

/** Serializes a query. */
export function serializeQuery(pairs: readonly QueryPair[]): string {
  let json = "";
  for (let index = 0; index < pairs.length; index++) {
    const pair = pairs[index];
    if (pair === undefined) break;
    const item = "[" + jsonStringify(pair[0]) + "," + jsonStringify(pair[1]) + "]";
    json += index === 0 ? item : "," + item;
  }
  return jsonParse(call('["query",[' + json + "]]")) as string;
}

/** Parses a query without its question mark. */
export function parseQuery(query: string): readonly QueryPair[] {
  return query === "" ? [] : (requestUrl(["params", query]) as readonly QueryPair[]);
}

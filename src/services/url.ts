import { hasLongHost, isLongHost } from "../websocket/host-length.ts";
import { parseJson } from "./json.ts";

/** Attributes of a URL in the order of the answer; all but `origin` can be set. */
const attributes = [
  "href",
  "origin",
  "protocol",
  "username",
  "password",
  "host",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
] as const;

type Attribute = (typeof attributes)[number];

/**
 * Longest request, in code units: two of a query can become a pair of strings on the host, which takes a hundred times the
 * memory.
 */
const maxRequestLength = 2 ** 20;

/** `HostCalls.url`: parses and changes URLs with the host's own implementation. */
export function url(json: string): string {
  const request = parseJson(json, maxRequestLength);
  if (!Array.isArray(request)) throw new TypeError("Expected a list");
  return JSON.stringify(answer(request) ?? null);
}

function answer(request: readonly unknown[]): unknown {
  const [operation, subject] = request;
  switch (operation) {
    case "parse":
      return parse(text(subject), request.length > 2 ? text(request[2]) : undefined);
    case "set":
      return set(text(subject), settable(request[2]), text(request[3]));
    case "params":
      // The question mark keeps the constructor from taking away one that belongs to the query.
      return [...new URLSearchParams(`?${text(subject)}`)];
    case "query":
      return new URLSearchParams(pairs(subject)).toString();
    default:
      throw new TypeError("Unknown URL operation");
  }
}

function parse(input: string, base: string | undefined): readonly string[] | undefined {
  if (hasLongHost(input) || (base !== undefined && hasLongHost(base))) return undefined;
  // `URL.canParse` costs less than the exception, and scripts can ask for a million failures.
  return URL.canParse(input, base) ? parts(new URL(input, base)) : undefined;
}

function set(href: string, attribute: Exclude<Attribute, "origin">, value: string): unknown {
  const changed = new URL(href);
  // A host that is not one changes nothing.
  const isRefused = attribute.startsWith("host") ? isLongHost(value) : hasLongHost(value);
  if (attribute === "href" && isRefused) throw new TypeError("Expected a URL");
  if (!isRefused || !attribute.startsWith("host")) changed[attribute] = value;
  return parts(changed);
}

function parts(from: URL): readonly string[] {
  return attributes.map((attribute) => from[attribute]);
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("Expected a string");
  return value;
}

function settable(value: unknown): Exclude<Attribute, "origin"> {
  const attribute = attributes.find((name) => name === value);
  if (attribute === undefined || attribute === "origin") {
    throw new TypeError("Expected the name of a URL attribute");
  }
  return attribute;
}

function pairs(value: unknown): [string, string][] {
  if (!Array.isArray(value)) throw new TypeError("Expected a list of pairs");
  return value.map((pair: unknown) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw new TypeError("Expected a pair");
    return [text(pair[0]), text(pair[1])];
  });
}

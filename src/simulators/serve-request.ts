import type { IncomingMessage, ServerResponse } from "node:http";
import { systemClock } from "../clock.ts";
import { describeError } from "../errors.ts";
import type { SimulatedResponse, Simulator } from "./simulator.ts";

/** Largest body that a simulated server takes, in bytes. */
const maxBodyBytes = 2 ** 24;

/** Answers one request by a simulator. What it throws, and an answer that is no HTTP, become a 500. Never rejects. */
export async function serveRequest(
  simulator: Simulator,
  scheme: "http" | "https",
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const answer = await answerRequest(simulator, scheme, request);
    if (answer === undefined) request.socket.destroy();
    else response.writeHead(answer.status ?? 200, answer.headers ?? {}).end(answer.body ?? "");
  } catch (error) {
    response.writeHead(500).end(`The simulator failed: ${describeError(error)}`);
  }
}

async function answerRequest(
  simulator: Simulator,
  scheme: "http" | "https",
  request: IncomingMessage,
): Promise<SimulatedResponse | undefined> {
  const url = requestUrl(request, scheme);
  if (url === undefined) return { status: 400, body: "The request has no URL that makes sense" };
  const body = await readBody(request);
  if (body === "broken") return undefined;
  if (body === "too large") return { status: 413, headers: { connection: "close" } };
  if (simulator.request === undefined) return { status: 404 };
  return simulator.request({
    method: request.method ?? "GET",
    url,
    headers: readHeaders(request),
    body,
    clock: systemClock,
  });
}

/** The URL that a request is for, by its `Host`; `undefined` where the two make no URL. */
export function requestUrl(request: IncomingMessage, scheme: string): URL | undefined {
  const { url = "/", headers } = request;
  const text = url.startsWith("/") ? `${scheme}://${headers.host ?? "localhost"}${url}` : url;
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** Headers with one value each, names in lower case. */
export function readHeaders({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).map(([name, value = ""]) => [
    name,
    typeof value === "string" ? value : value.join(", "),
  ]);
  return Object.fromEntries(entries);
}

async function readBody(
  request: IncomingMessage,
): Promise<Uint8Array<ArrayBuffer> | "broken" | "too large"> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > maxBodyBytes) return "too large";
      chunks.push(chunk);
    }
  } catch {
    // The client went away: there is nobody to answer.
    return "broken";
  }
  return new Uint8Array(Buffer.concat(chunks));
}

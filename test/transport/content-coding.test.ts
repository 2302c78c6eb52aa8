import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { type HttpClient, sendHttp } from "../support/http-client.ts";

/** Fetches a body with these content codings. */
async function fetchCoded(body: Buffer, ...codings: readonly string[]): Promise<HttpClient> {
  const server = createServer((_request, response) => {
    response.setHeader("Content-Encoding", codings);
    response.end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return sendHttp({ url: `http://127.0.0.1:${port}/` });
}

const text = "the quick brown fox ".repeat(10_000);

test.each<readonly [string, Buffer, readonly string[]]>([
  ["gzip", gzipSync(text), ["gzip"]],
  ["x-gzip", gzipSync(text), ["X-GZIP"]],
  ["deflate", deflateSync(text), ["deflate"]],
  ["deflate without its header", deflateRawSync(text), ["deflate"]],
  ["br", brotliCompressSync(text), ["br"]],
  ["identity", Buffer.from(text), ["identity"]],
  ["several in one header", gzipSync(brotliCompressSync(text)), ["br, gzip"]],
  ["several headers", deflateRawSync(gzipSync(text)), ["gzip", "deflate"]],
])("%s is undone", async (_name, body, codings) => {
  const client = await fetchCoded(body, ...codings);

  expect((await client.body()).toString()).toBe(text);
  await expect(client.outcome).resolves.toBe("end");
});

test("an unknown coding leaves the body as it is", async () => {
  const client = await fetchCoded(Buffer.from("raw"), "gzip, zstd");

  expect((await client.body()).toString()).toBe("raw");
});

test("an empty body has no coding to undo", async () => {
  const client = await fetchCoded(Buffer.alloc(0), "gzip");

  await expect(client.body()).resolves.toHaveLength(0);
});

test.each<readonly [string, Buffer, string]>([
  ["that is no gzip", Buffer.from("hello hello"), "gzip"],
  ["that is no deflate", Buffer.from([0x78, 0xff, 1, 2, 3]), "deflate"],
  ["that is no brotli", Buffer.from([255, 255, 255, 255]), "br"],
  ["that ends early", gzipSync(text).subarray(0, 40), "gzip"],
])("a body %s fails", async (_what, body, coding) => {
  const client = await fetchCoded(body, coding);

  await expect(client.outcome).resolves.toBe("open ERR_RESPONSE_INVALID");
});

test("more codings than any server applies fail before anything is decoded", async () => {
  const client = await fetchCoded(gzipSync("x"), Array(5).fill("gzip").join(","));

  await expect(client.outcome).resolves.toBe("handshake ERR_RESPONSE_INVALID");
});

test("a small body of much text is decoded only as far as it is wanted", async () => {
  const bomb = gzipSync(Buffer.alloc(2 ** 28));
  const client = await fetchCoded(bomb, "gzip");
  await client.head;

  client.exchange.pause();
  const size = (): number => client.chunks.reduce((sum, { length }) => sum + length, 0);
  for (let look = 0; look < 200; look += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  expect(size()).toBeLessThan(2 ** 20);
  client.exchange.abort();
});

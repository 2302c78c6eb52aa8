import { gzipSync } from "node:zlib";
import { test } from "vitest";
import type { RawPeer } from "../support/raw-server.ts";
import { type HostileCase, onBothThreads, openArena } from "./support/arena.ts";
import { flood } from "./support/flood.ts";
import { caught, clamped, failing, harmless } from "./support/outcomes.ts";

const { expectContained } = openArena();

/** The hostile server, by its address only. */
const policy = ["http://127.0.0.1:*"];

/** Prints what becomes of a fetch of the hostile server. */
const fetchAll = `
  const url = "http://127.0.0.1:" + port + "/";
  const outcome = (promise) => promise.then((value) => print("" + value), (error) => print(error.name + ": " + error.message));
  outcome(fetch(url).then((response) => response.text()).then((text) => text.length));`;

const failedLine = "TypeError: Failed to fetch";

/** The script sees a failed fetch, and the host why. */
function fails(
  failure: Parameters<typeof failing>[0],
  more: Parameters<typeof failing>[2] = {},
): HostileCase["outcome"] {
  return { ...failing(failure, [], more), guest: [failedLine, "still here"] };
}

/** A server that answers every request with these bytes. */
function answering(text: string | Buffer, then: (peer: RawPeer) => unknown = () => {}) {
  return async (peer: RawPeer): Promise<void> => {
    await peer.readRequest();
    peer.write(text);
    await then(peer);
  };
}

const ok = "HTTP/1.1 200 OK\r\n";

const redirectCases: readonly HostileCase[] = [
  ["other-loopback", "http://127.0.0.2:1234/", "policy", "ERR_POLICY_REFUSED"],
  ["loopback-name", "http://localhost:1234/", "policy", "ERR_POLICY_REFUSED"],
  ["private", "http://192.168.0.1/", "policy", "ERR_POLICY_REFUSED"],
  ["metadata", "http://169.254.169.254/latest/meta-data/", "policy", "ERR_POLICY_REFUSED"],
  ["encoded", "http://0xa9fea9fe/", "policy", "ERR_POLICY_REFUSED"],
  ["bad-port", "http://127.0.0.1:25/", "policy", "ERR_POLICY_REFUSED"],
  ["other-scheme", "https://127.0.0.1/", "policy", "ERR_POLICY_REFUSED"],
  ["credentials", "http://root:toor@127.0.0.1/", "policy", "ERR_POLICY_REFUSED"],
  ["file", "file:///etc/passwd", "handshake", "ERR_REDIRECT"],
  ["data", "data:text/plain,hello", "handshake", "ERR_REDIRECT"],
  ["header-injection", "http://127.0.0.2/%0d%0aHost:%20x", "policy", "ERR_POLICY_REFUSED"],
].map(([id = "", location = "", stage = "", code = ""]) => ({
  id: `fetch/redirect-to-${id}`,
  shows: `a redirect to ${location} fails, and looks as any other failure`,
  policy,
  script: fetchAll,
  serve: answering(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\n\r\n`),
  outcome: fails({ stage, code } as never, { accepted: 1 }),
}));

const answerCases: readonly HostileCase[] = [
  {
    id: "fetch/redirect-loop",
    shows: "a server that redirects for ever is asked twenty-one times",
    policy,
    script: fetchAll,
    serve: answering("HTTP/1.1 307 Again\r\nLocation: /again\r\n\r\n"),
    outcome: fails({ code: "ERR_REDIRECT" }, { accepted: 21 }),
  },
  {
    id: "fetch/zip-bomb",
    shows: "a small body that decodes to more than the script's memory ends its fetch alone",
    policy,
    script: fetchAll,
    serve: answering(
      Buffer.concat([
        Buffer.from(`${ok}Content-Encoding: gzip\r\n\r\n`),
        gzipSync(Buffer.alloc(2 ** 26)),
      ]),
    ),
    outcome: fails({ code: "ERR_MESSAGE_TOO_LARGE" }, { accepted: 1, limits: ["maxMemory"] }),
  },
  {
    id: "fetch/endless-body",
    shows: "a body without an end that is read as text ends its fetch alone",
    policy,
    script: fetchAll,
    serve: answering(`${ok}\r\n`, (peer) => flood(peer, Buffer.alloc(60_000, "x"))),
    outcome: fails({ code: "ERR_MESSAGE_TOO_LARGE" }, { accepted: 1, limits: ["maxMemory"] }),
  },
  {
    id: "fetch/endless-body-unread",
    shows: "a body without an end that nobody reads is held back, and the sandbox is idle",
    policy,
    script: `fetch("http://127.0.0.1:" + port + "/").then((response) => print(response.status))`,
    serve: answering(`${ok}\r\n`, (peer) => flood(peer, Buffer.alloc(60_000, "x"))),
    outcome: { ...harmless(["200"], { accepted: 1 }), failures: [{ code: "ERR_ABORTED" }] },
  },
  {
    id: "fetch/endless-body-streamed",
    shows: "a body without an end is read as far as the script likes",
    policy,
    script: `
      (async () => {
        const response = await fetch("http://127.0.0.1:" + port + "/");
        let size = 0;
        for await (const chunk of response.body) { size += chunk.length; if (size > 2e7) break }
        print(size > 2e7);
      })()`,
    serve: answering(`${ok}\r\n`, (peer) => flood(peer, Buffer.alloc(60_000, "x"))),
    outcome: { ...harmless(["true"], { accepted: 1 }), failures: [{ code: "ERR_ABORTED" }] },
  },
  {
    id: "fetch/silent",
    shows: "a server that never answers is given up at the deadline",
    policy,
    limits: { responseTimeout: 200 },
    script: fetchAll,
    serve: answering(""),
    outcome: fails({ stage: "handshake", code: "ERR_RESPONSE_TIMEOUT" }, { accepted: 1 }),
  },
  {
    id: "fetch/dripped-headers",
    shows: "a server that drips headers is given up at the deadline",
    policy,
    limits: { responseTimeout: 200 },
    script: fetchAll,
    serve: answering(ok, (peer) => {
      const drip = setInterval(() => peer.write("A: b\r\n"), 5);
      peer.socket.on("close", () => clearInterval(drip));
    }),
    outcome: fails({ stage: "handshake", code: "ERR_RESPONSE_TIMEOUT" }, { accepted: 1 }),
  },
  {
    id: "fetch/silent-body",
    shows: "a server that stops in the body is given up at the deadline",
    policy,
    limits: { responseTimeout: 200 },
    script: fetchAll,
    serve: answering(`${ok}Content-Length: 9\r\n\r\nabc`),
    outcome: fails({ stage: "open", code: "ERR_RESPONSE_TIMEOUT" }, { accepted: 1 }),
  },
  {
    id: "fetch/reset-in-body",
    shows: "a reset in the body fails it",
    policy,
    script: fetchAll,
    serve: answering(`${ok}Content-Length: 9\r\n\r\nabc`, (peer) => peer.socket.end()),
    outcome: fails({ stage: "open", code: "ERR_CONNECTION_LOST" }, { accepted: 1 }),
  },
  {
    id: "fetch/huge-headers",
    shows: "headers without an end fail the fetch",
    policy,
    script: fetchAll,
    serve: answering(ok, (peer) => flood(peer, Buffer.from(`A: ${"b".repeat(1_000)}\r\n`))),
    outcome: fails({ stage: "handshake", code: "ERR_RESPONSE_INVALID" }, { accepted: 1 }),
  },
  {
    id: "fetch/interim-answers",
    shows: "interim answers without an end fail the fetch",
    policy,
    script: fetchAll,
    serve: answering("", (peer) => flood(peer, Buffer.from("HTTP/1.1 102 Processing\r\n\r\n"))),
    outcome: fails({ stage: "handshake", code: "ERR_RESPONSE_INVALID" }, { accepted: 1 }),
  },
  {
    id: "fetch/cookies",
    shows: "cookies of a server reach neither the script nor the next request",
    policy,
    script: `
      (async () => {
        const url = "http://127.0.0.1:" + port + "/";
        const response = await fetch(url);
        print(response.headers.get("set-cookie") + " " + response.headers.getSetCookie().length);
        print((await (await fetch(url, { headers: { Cookie: "a=b" } })).text()).includes("ookie"));
      })()`,
    async serve(peer) {
      const request = await peer.readRequest();
      peer.write(`${ok}Set-Cookie: a=b\r\nContent-Length: ${request.length}\r\n\r\n${request}`);
    },
    outcome: harmless(["null 0", "false"], { accepted: 2 }),
  },
];

const scriptCases: readonly HostileCase[] = [
  {
    id: "fetch/line-breaks",
    shows: "line breaks in method, headers and URL start no second request",
    policy,
    script: `
      (async () => {
        const url = "http://127.0.0.1:" + port + "/";
        const attack = "x\\r\\nHost: internal\\r\\n\\r\\nGET /secret HTTP/1.1";
        for (const make of [
          () => fetch(url, { method: attack }),
          () => fetch(url, { headers: { [attack]: "1" } }),
          () => fetch(url, { headers: { a: attack } }),
          () => fetch(url, { headers: [["a", "b\\n c"]] }),
        ]) await make().catch((error) => print(error.name));
        print((await (await fetch(url + attack)).text()).split("\\r\\n")[0]);
      })()`,
    async serve(peer) {
      const request = await peer.readRequest();
      peer.write(`${ok}Content-Length: ${request.length}\r\n\r\n${request}`);
    },
    outcome: caught(
      ...Array<string>(4).fill("TypeError"),
      "GET /xHost:%20internalGET%20/secret%20HTTP/1.1 HTTP/1.1",
    ),
  },
  {
    id: "fetch/framing-headers",
    shows: "a script cannot say where its request ends, nor whom it is for",
    policy,
    script: `
      (async () => {
        const url = "http://127.0.0.1:" + port + "/";
        const headers = { "Content-Length": "1", "Transfer-Encoding": "chunked", Host: "internal", Connection: "keep-alive", TE: "trailers", Expect: "100-continue", Upgrade: "websocket" };
        const text = await (await fetch(url, { method: "POST", body: "0\\r\\n\\r\\nGET / HTTP/1.1", headers })).text();
        print(text.split("\\r\\n").filter((line) => /^(content-l|transfer|host|conn|te|exp|upg)/i.test(line)).join("|").replaceAll(port, "port"));
      })()`,
    async serve(peer) {
      const request = await peer.readRequest();
      peer.write(`${ok}Content-Length: ${request.length}\r\n\r\n${request}`);
    },
    outcome: harmless(["Host: 127.0.0.1:port|Connection: close|Content-Length: 19"], {
      accepted: 1,
    }),
  },
  {
    id: "fetch/flood",
    shows: "five thousand fetches in one turn are clamped, and the next turn goes on",
    policy,
    limits: { maxConnectRate: 1_000_000, maxConnectDelay: 0 },
    script: `
      const url = "http://127.0.0.1:" + port + "/";
      const names = {};
      const all = Array.from({ length: 5_000 }, () => fetch(url).then((response) => response.text(), (error) => { names[error.name] = (names[error.name] ?? 0) + 1 }));
      Promise.all(all).then(() => print(JSON.stringify(names)));`,
    async serve(peer) {
      await peer.readRequest();
      peer.write(`${ok}Content-Length: 0\r\n\r\n`);
    },
    outcome: clamped(['{"QuotaExceededError":3968,"TypeError":1024}'], {
      accepted: 8,
      limits: ["maxConnections"],
      failures: Array.from({ length: 1_024 }, () => ({ stage: "limit", code: "ERR_LIMIT" })),
    }),
  },
  {
    id: "fetch/flood-aborted",
    shows: "a thousand fetches that are dropped at once leave nothing behind",
    policy,
    limits: { maxConnectRate: 1_000_000 },
    script: `
      const url = "http://127.0.0.1:" + port + "/";
      let aborted = 0, done = 0;
      for (let i = 0; i < 1_000; i++) {
        const controller = new AbortController();
        fetch(url, { signal: controller.signal }).catch((error) => {
          if (error.name === "AbortError") aborted++;
          if (++done === 1_000) print(aborted);
        });
        controller.abort();
      }`,
    outcome: {
      ...clamped(["1000"]),
      failures: Array.from({ length: 1_000 }, () => ({ code: "ERR_ABORTED" })),
    },
  },
  {
    id: "fetch/large-body",
    shows: "a body above the limit of a message is not sent",
    policy,
    script: `
      fetch("http://127.0.0.1:" + port + "/", { method: "POST", body: new Uint8Array(2 ** 20 + 1) })
        .catch((error) => print(error.name + ": " + error.message))`,
    outcome: fails(
      { stage: "limit", code: "ERR_MESSAGE_TOO_LARGE" },
      { accepted: 0, limits: ["maxMessageBytes"] },
    ),
  },
  {
    id: "fetch/changed-built-ins",
    shows: "a script that has replaced the built-ins gets no more than any other",
    policy,
    script: `
      Promise.prototype.then = Promise.prototype.constructor = Array.prototype.push = JSON.stringify = Reflect.apply = () => { throw new Error("caught") };
      Headers.prototype.append = Headers.prototype.set = function () { print("called") };
      fetch("http://127.0.0.2:" + port + "/", { headers: { a: "b" } });
      print("alive");`,
    outcome: {
      ...harmless(["alive"], { accepted: 0 }),
      failures: [{ stage: "policy", code: "ERR_POLICY_REFUSED" }],
      uncaught: ["TypeError: Failed to fetch"],
    },
  },
  {
    id: "fetch/refusals-look-alike",
    shows: "a refused host, port or scheme and a server that hangs up look the same",
    policy,
    script: `
      (async () => {
        const seen = new Set();
        for (const target of ["http://192.168.0.1/", "http://127.0.0.1:25/", "https://127.0.0.1:" + port + "/", "http://127.0.0.1:" + port + "/"]) {
          const before = performance.now();
          const error = await fetch(target).catch((error) => error);
          const isEarly = performance.now() - before < 19;
          seen.add([error.constructor.name, error.message, Object.getOwnPropertyNames(error).join(), isEarly].join(" "));
        }
        print([...seen].join("; "));
      })()`,
    serve: (peer) => peer.socket.destroy(),
    outcome: {
      ...harmless([]),
      guest: ["TypeError Failed to fetch message,stack false", "still here"],
      failures: [
        { code: "ERR_POLICY_REFUSED" },
        { code: "ERR_POLICY_REFUSED" },
        { code: "ERR_POLICY_REFUSED" },
        { code: "ERR_CONNECTION_LOST" },
      ],
    },
  },
];

test.each(onBothThreads([...redirectCases, ...answerCases, ...scriptCases]))(
  "%s",
  async (_name, row) => {
    await expectContained(row);
  },
);

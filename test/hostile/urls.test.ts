import { expect, test } from "vitest";
import { allowOrigins } from "../../src/policy/allow-origins.ts";
import { closeFrame, type RawPeer } from "../support/raw-server.ts";
import { type HostileCase, onBothThreads, openArena } from "./support/arena.ts";
import { caught, harmless, refused, throwing } from "./support/outcomes.ts";

const { expectContained } = openArena();

/** Arguments of the constructor that throw a SyntaxError before anything is asked of the host's network. */
const syntaxErrors: readonly (readonly [id: string, shows: string, args: string])[] = [
  ["unix-socket", "the path of a unix socket", `"ws+unix:///var/run/docker.sock:/"`],
  ["unix-socket-secure", "the path of a unix socket with TLS", `"wss+unix:///run/x.sock:/"`],
  ["file", "a file", `"file:///etc/passwd"`],
  ["javascript", "a javascript: URL", `"javascript:alert(1)"`],
  ["data", "a data: URL", `"data:text/plain,hello"`],
  ["blob", "a blob: URL", `"blob:null/1"`],
  ["ftp", "an ftp: URL", `"ftp://127.0.0.1:" + port`],
  ["wrapped-scheme", "a scheme behind white space and a control", `"\\u0001 file:///etc/passwd"`],
  ["fragment", "a fragment", `echoUrl + "/#secret"`],
  ["empty-fragment", "an empty fragment", `echoUrl + "/#"`],
  ["empty", "an empty text", `""`],
  ["relative", "a relative URL without a base", `"/path"`],
  ["scheme-relative", "a URL without a scheme", `"//127.0.0.1:" + port`],
  ["no-host", "a URL without a host", `"ws://"`],
  ["port-too-large", "a port beyond 65535", `"ws://127.0.0.1:65536/"`],
  ["port-negative", "a negative port", `"ws://127.0.0.1:-1/"`],
  ["nul-in-host", "U+0000 in the host", `"ws://127.0.0.1\\0.evil.example:" + port`],
  ["space-in-host", "a space in the host", `"ws://127.0.0.1 .example:" + port`],
  ["percent-nul-in-host", "an escaped U+0000 in the host", `"ws://127.0.0.1%00.example:" + port`],
  ["megabyte", "a URL of a megabyte", `echoUrl + "/" + "a".repeat(2 ** 20)`],
  ["long-host", "a host of a megabyte", `"ws://" + "a.".repeat(2 ** 19)`],
  ["undefined", "undefined", `undefined`],
  ["object", "an object without a text of its own", `{}`],
  ["protocol-line-break", "a subprotocol with CR LF", `echoUrl, "a\\r\\nX-Evil: 1"`],
  ["protocol-nul", "a subprotocol with U+0000", `echoUrl, "a\\0b"`],
  ["protocol-comma", "two subprotocols in one", `echoUrl, "a,b"`],
  ["protocol-empty", "an empty subprotocol", `echoUrl, ""`],
  ["protocol-not-ascii", "a subprotocol beyond ASCII", `echoUrl, "caf\\u00e9"`],
  ["protocol-twice", "duplicate subprotocols", `echoUrl, ["a", "b", "a"]`],
  ["protocol-proto", "__proto__ twice as subprotocol", `echoUrl, ["__proto__", "__proto__"]`],
];

const syntaxCases: readonly HostileCase[] = syntaxErrors.map(([id, shows, args]) => ({
  id: `urls/${id}`,
  shows: `${shows} is a SyntaxError`,
  script: `connect(${args})`,
  outcome: throwing("SyntaxError"),
}));

const notGranted = { code: "ERR_POLICY_REFUSED" } as const;

const refusedCases: readonly HostileCase[] = [
  {
    id: "urls/allowed-as-user-name",
    shows: "an allowed host in the place of the user name does not open the host behind it",
    script: `connect("ws://127.0.0.1:" + port + "@evil.example/"); connect("ws://127.0.0.1@evil.example:" + port)`,
    outcome: refused(notGranted, 2),
  },
  {
    id: "urls/backslash-before-at",
    shows: "a backslash ends the host, so that what follows the @ is a path",
    script: `connect("ws://evil.example\\\\@127.0.0.1:" + port)`,
    outcome: refused({ ...notGranted, host: "evil.example:80" }),
  },
  {
    id: "urls/credentials",
    shows: "credentials in the URL are refused unless a grant has them",
    script: `connect("ws://user:secret@127.0.0.1:" + port); connect("ws://:@127.0.0.1:" + port + "/").url`,
    policy: ["ws://127.0.0.1:1"],
    outcome: refused(notGranted, 2),
  },
  {
    id: "urls/credentials-of-allowed-host",
    shows: "credentials are refused for the allowed host itself",
    script: `connect(echoUrl.replace("//", "//user:secret@"))`,
    outcome: refused(notGranted),
  },
  {
    id: "urls/port-22",
    shows: "a port that the Fetch standard calls bad is refused although every port is granted",
    script: `for (const bad of [22, 25, 6000, 6667]) connect("ws://127.0.0.1:" + bad)`,
    policy: ["ws://127.0.0.1:*"],
    outcome: refused(notGranted, 4),
  },
  {
    id: "urls/port-0",
    shows: "port 0 is refused although every port is granted",
    script: `connect("ws://127.0.0.1:0")`,
    policy: ["ws://127.0.0.1:*"],
    outcome: refused(notGranted),
  },
  {
    id: "urls/other-port",
    shows: "another port of the allowed host is refused",
    script: `connect(onPort("127.0.0.1"))`,
    policy: [],
    outcome: refused(notGranted),
  },
  {
    id: "urls/default-port",
    shows: "a grant without a port does not open other ports",
    script: `connect(onPort("127.0.0.1"))`,
    policy: ["ws://127.0.0.1"],
    outcome: refused(notGranted),
  },
  {
    id: "urls/suffix",
    shows: "an allowed name as the first labels of another name is refused",
    script: `connect(onPort("allowed.example.evil.example")); connect(onPort("127.0.0.1.evil.example"))`,
    policy: ["ws://allowed.example:*"],
    outcome: refused(notGranted, 2),
  },
  {
    id: "urls/prefix",
    shows: "an allowed name at the end of a longer label is refused",
    script: `connect(onPort("notallowed.example")); connect(onPort("x.allowed.example"))`,
    policy: ["ws://allowed.example:*"],
    outcome: refused(notGranted, 2),
  },
  {
    id: "urls/wildcard-label",
    shows: "a pattern with * does not open the name above it or a longer label",
    script: `connect(onPort("allowed.example")); connect(onPort("evilallowed.example"))`,
    policy: ["ws://*.allowed.example:*"],
    outcome: refused(notGranted, 2),
  },
  {
    id: "urls/look-alike",
    shows: "a Cyrillic look-alike of an allowed name is refused",
    script: `connect(onPort("\\u0430llowed.example"))`,
    policy: ["ws://allowed.example:*"],
    outcome: refused(notGranted),
  },
  {
    id: "urls/insecure",
    shows: "ws is refused where only wss is granted",
    script: `connect(onPort("127.0.0.1")); connect("http://127.0.0.1:" + port)`,
    policy: ["wss://127.0.0.1:*"],
    outcome: refused(notGranted, 2),
  },
  {
    id: "urls/deny",
    shows: "a denied host is refused although a grant covers it, in every spelling of its name",
    script: `connect(onPort("EVIL.example")); connect(onPort("evil.example.")); connect(onPort("%65vil.example"))`,
    policy: allowOrigins(["ws://*:*", "ws://127.0.0.0/8:*"], { deny: ["ws://evil.example:*"] }),
    outcome: refused(notGranted, 3),
  },
  {
    id: "urls/policy-function-throws",
    shows: "a policy function that throws refuses",
    script: `connect(onPort("127.0.0.1") + "evil")`,
    policy({ url }) {
      if (url.pathname === "/evil") throw new Error("no decision");
      return { allow: true, addresses: { loopback: true } };
    },
    outcome: refused({ code: "ERR_POLICY_FAILED" }),
  },
  {
    id: "urls/policy-function-answers-nonsense",
    shows: "a policy function that answers something else than a verdict refuses",
    script: `connect(onPort("127.0.0.1") + "evil")`,
    policy: ({ url }) =>
      url.pathname === "/evil"
        ? ({ allow: "yes" } as never)
        : { allow: true, addresses: { loopback: true } },
    outcome: refused({ code: "ERR_POLICY_FAILED" }),
  },
];

const otherCases: readonly HostileCase[] = [
  {
    id: "urls/to-string-throws",
    shows:
      "a URL object whose toString throws is asked once, and what it throws reaches the script",
    script: `
      let asked = 0;
      const url = { toString() { asked++; throw new RangeError("mine") } };
      connect(url);
      print(asked);`,
    outcome: caught("threw RangeError", "1"),
  },
  {
    id: "urls/to-string-changes",
    shows: "a URL object that answers differently each time is asked once",
    script: `
      let asked = 0;
      const url = { toString: () => asked++ === 0 ? onPort("10.0.0.1") : echoUrl };
      connect(url).addEventListener("close", () => print(asked));`,
    outcome: {
      ...caught("error", "close 1006 false", "1"),
      failures: [{ code: "ERR_POLICY_REFUSED" }],
    },
  },
  {
    id: "urls/symbol",
    shows: "symbols as URL, subprotocol and reason are TypeErrors",
    script: `
      connect(Symbol("a")); connect(echoUrl, [Symbol("b")]);
      attempt(() => WebSocket.prototype.close.call(connect(onPort("10.0.0.1")), 1000, Symbol("c")));`,
    outcome: {
      ...caught(
        "threw TypeError",
        "threw TypeError",
        "threw TypeError",
        "error",
        "close 1006 false",
      ),
      failures: [{ code: "ERR_POLICY_REFUSED" }],
    },
  },
  {
    id: "urls/protocols-iterator-throws",
    shows: "an iterator of subprotocols that throws reaches the script, and no connection is made",
    script: `connect(echoUrl, { get [Symbol.iterator]() { throw new EvalError("mine") } });
      connect(echoUrl, { [Symbol.iterator]: () => ({ next() { throw new EvalError("mine") } }) });`,
    outcome: caught("threw EvalError", "threw EvalError"),
  },
];

/** URLs that are allowed, and the first lines of the request that a server sees. */
const requestLines: readonly (readonly [
  id: string,
  shows: string,
  url: string,
  path: string,
  host: string,
])[] = [
  ["nul", "U+0000 is escaped and ends nothing", `"/a\\0b?c\\0d"`, "/a%00b?c%00d", "127.0.0.1"],
  [
    "line-breaks",
    "line breaks are dropped and begin no header",
    `"/a\\r\\nX-Evil:1\\r\\n\\r\\nGET /b"`,
    "/aX-Evil:1GET%20/b",
    "127.0.0.1",
  ],
  ["lone-surrogate", "a lone surrogate becomes U+FFFD", `"/\\ud800"`, "/%EF%BF%BD", "127.0.0.1"],
  ["dot-segments", "dot segments end at the root", `"/../../%2e%2e/etc"`, "/etc", "127.0.0.1"],
];

const requestCases = requestLines.map(
  ([id, shows, url, path, host]) =>
    [
      `urls/${id}: ${shows}`,
      {
        script: `connect("ws://127.0.0.1:" + port + ${url})`,
        path,
        host,
        outcome: harmless(["open", "close 1000 true"], { accepted: 1 }),
      },
    ] as const,
);

test.each(onBothThreads(syntaxCases))("%s", async (_name, row) => {
  const { host } = await expectContained(row);

  expect(host.events.filter(({ type }) => type === "connecting")).toHaveLength(1);
});

test.each(onBothThreads([...refusedCases, ...otherCases]))("%s", async (_name, row) => {
  await expectContained(row);
});

test.each(requestCases)("%s", async (name, { script, outcome, path, host }) => {
  let head = "";
  const serve = async (peer: RawPeer): Promise<void> => {
    head = await peer.readRequest();
    peer.answer({ frames: closeFrame(1000) });
    peer.socket.end();
  };

  await expectContained({ id: name, shows: name, script, serve, outcome });

  const lines = head.trimEnd().split("\r\n");
  expect(lines[0]).toBe(`GET ${path} HTTP/1.1`);
  expect(lines.filter((line) => line.startsWith(`Host: ${host}:`))).toHaveLength(1);
  expect(lines).toHaveLength(6);
});

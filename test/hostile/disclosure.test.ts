import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { createEngine } from "../../src/engine/engine.ts";
import { exposeHostCalls, type HostActions } from "../../src/engine/host-calls.ts";
import { createValues } from "../../src/engine/values.ts";
import { wsTransport } from "../../src/transport/ws.ts";
import { type HostileCase, named, onBothThreads, openArena } from "./support/arena.ts";
import type { Attack } from "./support/attack.ts";
import { intruder } from "./support/intruder.ts";
import { caught, harmless } from "./support/outcomes.ts";

const { expectContained, expectSurvived } = openArena();

/** Ways to the functions that a script is not given: each expression may collect what it finds. */
const searches: readonly (readonly [id: string, shows: string, script: string])[] = [
  ["walk", "walking over everything that can be reached from the global", ``],
  [
    "constructor-chain",
    "the constructor of a constructor",
    `seize([].constructor.constructor("return this")()); seize(print.constructor("return this")());`,
  ],
  [
    "function-constructors",
    "the constructors of async functions and generators",
    `for (const f of [async () => {}, function* () {}, async function* () {}]) seize(f.constructor("return globalThis")());`,
  ],
  [
    "stack-hook",
    "Error.prepareStackTrace",
    `
    Error.prepareStackTrace = (error, sites) => { seize(sites); for (const site of sites) for (const key of ["getThis", "getFunction", "getTypeName", "getEvalOrigin"]) try { seize(site[key]()) } catch {} };
    const probe = { toString() { seize(new Error().stack); throw new Error("x") } };
    for (const use of [() => new Socket(probe), () => new URL(probe), () => setTimeout(() => {}, { valueOf: probe.toString })]) try { use() } catch (error) { seize(error); seize(error.stack) }`,
  ],
  [
    "capture-stack",
    "Error.captureStackTrace",
    `const target = {}; try { Error.captureStackTrace(target); seize(target.stack) } catch {} seize(target);`,
  ],
  [
    "caller",
    "arguments.callee and caller",
    `
    const look = function () { for (let f = look, i = 0; f && i < 20; i++) { try { f = f.caller } catch { f = null } seize(f) } try { seize(arguments.callee.caller) } catch {} seize(arguments) };
    addEventListener("x", look); dispatchEvent(new Event("x")); [1].forEach(look); new Socket({ toString() { look(); return onPort("10.0.0.1") } }).destroy();`,
  ],
  [
    "this-of-callbacks",
    "this and arguments of every callback",
    `
    const look = function (...args) { seize(this); args.forEach(seize); seize(arguments) };
    const strict = (() => { "use strict"; return function (...args) { seize(this); args.forEach(seize) } })();
    for (const f of [look, strict]) {
      addEventListener("x", f); addEventListener("x", { get handleEvent() { seize(this); return f } }); dispatchEvent(new Event("x"));
      queueMicrotask(f); setTimeout(f, 0, 1); Promise.resolve().then(f); JSON.parse("[1]", f); [1, 2].sort(f); new Map([[1, 1]]).forEach(f); "a".replace(/a/, f);
      new URLSearchParams("a=b").forEach(f); structuredClone({ get a() { return f.call(this) } });
      try { new Event("x", new Proxy({}, { get: f })) } catch {}
    }`,
  ],
  [
    "symbols",
    "the registry of symbols and well-known symbols on the interfaces",
    `for (const name of ["host", "netdevice", "nodejs.util.inspect.custom", "runtime"]) for (const C of [Socket, Event, NetworkDevice, globalThis]) { seize(C[Symbol.for(name)]); seize(C.prototype?.[Symbol.for(name)]) }`,
  ],
  [
    "weak-refs",
    "weak references and finalisers",
    `const r = new WeakRef(NetworkDevice); seize(r.deref()); new FinalizationRegistry(seize).register({}, 1);`,
  ],
  [
    "private-names",
    "private fields through a class that returns its argument",
    `class Stamp extends (function (o) { return o }) { #connection = 1; static read(o) { return o.#connection } } seize(new Stamp(new EventTarget())); try { seize(Stamp.read(NetworkDevice)) } catch {}`,
  ],
  [
    "sockets",
    "own properties of sockets and events",
    `
    const socket = new Socket(onPort("10.0.0.1"));
    for (const object of [socket, new Event("x"), new Blob(["a"]), new AbortController().signal, NetworkDevice, new URL(echoUrl)]) { seize(object); Reflect.ownKeys(object).forEach((key) => seize(object[key])) }
    socket.destroy();`,
  ],
  [
    "subclass",
    "methods of subclasses of every interface",
    `
    for (const C of [EventTarget, Event, Blob, Socket, AbortController, TextEncoder, URL])
      try { seize(new (class extends C { constructor(...a) { super(...a); seize(new.target); for (const key in this) seize(this[key]) } })("ws://10.0.0.1/")) } catch {}`,
  ],
];

const searchCases: readonly HostileCase[] = searches.map(([id, shows, script]) => ({
  id: `disclosure/search-${id}`,
  shows: `${shows} leads to no function of the host`,
  script: `${intruder}{ ${script} }
    setTimeout(() => print("host functions: " + hostFunctions()), 5);`,
  outcome: harmless(["host functions: 0"], {
    failures: script.includes("10.0.0.1") ? [{}] : [],
  }),
}));

test("disclosure/control: the walk does find a function of the host that lies about", async () => {
  using engine = await createEngine({ maxMemory: 2 ** 24, maxStack: 2 ** 18, image: false });
  const { context } = engine;
  const calls = { now: () => 0 } as Partial<HostActions> as HostActions;
  const host = exposeHostCalls(
    { context, values: createValues(context, undefined), raw: undefined },
    calls,
  );
  context.setProp(context.global, "hidden", host);
  host.dispose();

  const found = context
    .unwrapResult(
      context.evalCode(
        `globalThis.alert = () => {}; globalThis.console = {}; ${intruder} hostFunctions()`,
      ),
    )
    .consume((handle) => context.getNumber(handle));

  expect(found).toBeGreaterThan(10);
});

/** What a script must not find in any text that it can read. */
const secrets = /node_modules|\/src\/|\/home|\/tmp|\/root|\bat .*:\d|ENOENT|EACCES/i;

const importedNames = [
  "netdevice:runtime",
  "node:fs",
  "fs",
  "/etc/passwd",
  "../../../../etc/passwd",
  "file:///etc/passwd",
  "./%2e%2e/%2e%2e/etc/passwd",
  "https://evil.example/a.js",
  "data:text/javascript,export default 1",
  "#guest-bundle",
];

const otherCases: readonly HostileCase[] = [
  {
    id: "disclosure/imports",
    shows: "imports of names of the host fail without a word of it",
    type: "module",
    script: `
      for (const name of ${JSON.stringify(importedNames)}) {
        try { await import(name); print("found " + name) }
        catch (error) { if (${secrets}.test(("" + error.message).replace(name, "").replaceAll(JSON.stringify(name), ""))) print(error.message) }
      }
      print("done");`,
    options: { modules: { "ok.js": "export default 1" } },
    outcome: caught("done"),
  },
  {
    id: "disclosure/source-of-functions",
    shows: "the source of the runtime's functions is not shown",
    script: `
      const shown = [];
      for (const name of Object.getOwnPropertyNames(globalThis)) {
        const value = globalThis[name];
        if (typeof value !== "function" || /^(everyday|exchange|print|connect|hear|attempt|nameOf|onPort)$/.test(name)) continue;
        for (const f of [value, ...Object.values(Object.getOwnPropertyDescriptors(value.prototype ?? {})).flatMap(({ value, get, set }) => [value, get, set])])
          if (typeof f === "function" && !/\\{\\s*\\[native code\\]\\s*\\}$/.test(Function.prototype.toString.call(f))) shown.push(name + " " + f.name);
      }
      print(shown.join());`,
    outcome: caught(""),
  },
  {
    id: "disclosure/stacks",
    shows:
      "errors that the runtime throws and those that pass through it tell nothing of the host: their stacks name places in the script and in the published runtime only",
    script: `
      const texts = [];
      const take = (work) => { try { work() } catch (error) { texts.push(error.message + " " + (error.stack ?? "") + " " + Object.getOwnPropertyNames(error)) } };
      take(() => new Socket("nonsense")); take(() => new Socket(echoUrl, "a b")); take(() => new Socket());
      take(() => Socket.prototype.send.call({})); take(() => new URL("x")); take(() => new TextDecoder("x"));
      take(() => structuredClone(() => {})); take(() => atob("*")); take(() => crypto.getRandomValues(1)); take(() => setTimeout("x"));
      take(() => new Socket(onPort("10.0.0.1")).send("a")); take(() => new Socket(onPort("10.0.0.1")).close(1));
      take(() => { throw new DOMException("a", "b") });
      take(() => structuredClone({ get a() { throw new Error() } }));
      const files = texts.flatMap((text) => [...text.matchAll(/ at (?:.* \\()?([^\\s()]+?)(?::\\d+)*\\)?$/gm)].map(([, file]) => file));
      print(texts.length + " " + texts.filter((text) => /node|worker|\\/src\\/|\\/work|\\.ts/.test(text)).join());
      print([...new Set(files)].sort().join());`,
    outcome: {
      ...caught("14 ", "attack.js,native,netdevice:runtime"),
      failures: [{ stage: "policy" }, { stage: "policy" }],
    },
  },
  {
    id: "disclosure/url-credentials",
    shows: "a socket's URL shows no credentials",
    script: `
      const socket = connect(echoUrl.replace("//", "//user:secret@"));
      print(socket.url.includes("secret") || socket.url.includes("user") || socket.url.includes("@"));
      socket.addEventListener("open", () => socket.close(1000));`,
    policy: [{ origin: "ws://*@127.0.0.1:*", addresses: { loopback: true } }],
    outcome: harmless(["false", "open", "close 1000 true"]),
  },
  {
    id: "disclosure/globals-of-node",
    shows: "nothing of Node or of the engine's loader is in reach",
    script: `
      const names = ["process", "require", "module", "exports", "Buffer", "global", "__dirname", "__filename", "XMLHttpRequest", "Worker", "WebAssembly", "Deno", "Bun", "std", "os", "bjson", "scriptArgs", "print_", "load", "Module", "HEAPU8", "setImmediate", "postMessage", "parentPort", "__host", "hostRefs"];
      print(names.filter((name) => name in globalThis).join());`,
    outcome: harmless([""]),
  },
];

/** Ways to fail that a script must not be able to tell apart. */
const failures: readonly (readonly [name: string, attack: Attack])[] = [
  ["refused-origin", { policy: [] }],
  ["refused-address", { policy: ["ws://*:*"] }],
  [
    "policy-threw",
    {
      policy: ({ url }) => {
        if (url.pathname === "/x") throw new Error("secret reason");
        return { allow: true, addresses: { loopback: true } };
      },
    },
  ],
  ["nobody-listens", { policy: ["ws://127.0.0.1:*"] }],
  [
    "name-unknown",
    {
      policy: ["ws://name.example:*"],
      transport: () =>
        wsTransport({
          lookup: (_name, _options, callback) =>
            callback(Object.assign(new Error("no"), { code: "ENOTFOUND" }), []),
        }),
    },
  ],
  [
    "status-401",
    {
      serve: async (peer) => {
        await peer.readRequest();
        peer.write("HTTP/1.1 401 X\r\nX-Secret: 1\r\nContent-Length: 6\r\n\r\nsecret");
      },
    },
  ],
  [
    "wrong-accept",
    {
      serve: async (peer) => {
        await peer.readRequest();
        peer.answer({ accept: "x", headers: ["X-Secret: 1"] });
      },
    },
  ],
  [
    "reset",
    {
      serve: async (peer) => {
        await peer.readRequest();
        peer.socket.resetAndDestroy();
      },
    },
  ],
];

/** Prints everything that events of a failed connection say. */
const confession = (url: string): string => `
  const socket = new Socket(${url});
  const tell = (event) => {
    const shown = [];
    for (let link = event; link !== Object.prototype && link !== null; link = Object.getPrototypeOf(link))
      for (const key of Reflect.ownKeys(link)) {
        const name = String(key);
        if (/^(constructor|timeStamp|.*[tT]arget|srcElement|composedPath|isTrusted)$/.test(name)) continue;
        const value = event[key];
        if (typeof value !== "function") shown.push(name + "=" + value);
      }
    print(shown.sort().join());
    print([socket.readyState, socket.protocol, socket.extensions, socket.bufferedAmount].join());
  };
  socket.onerror = socket.onclose = tell;`;

test.each(failures)(
  "disclosure/failure-%s: a script cannot tell one failure from another",
  async (name, attack) => {
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const address = free.address();
    const port = typeof address === "object" ? address?.port : 0;
    free.close();
    await once(free, "close");
    const url =
      name === "nobody-listens"
        ? `"ws://127.0.0.1:${port}/x"`
        : `onPort("${name === "name-unknown" ? "name.example" : "127.0.0.1"}") + "x"`;

    const { guest, host } = await expectSurvived({ ...attack, script: confession(url) });

    expect(host.failures).toHaveLength(1);
    expect(guest).toMatchInlineSnapshot(`
      [
        "AT_TARGET=2,BUBBLING_PHASE=3,CAPTURING_PHASE=1,NONE=0,Symbol(Symbol.toStringTag)=Event,bubbles=false,cancelBubble=false,cancelable=false,composed=false,defaultPrevented=false,eventPhase=2,returnValue=true,type=error",
        "3,,,0",
        "AT_TARGET=2,BUBBLING_PHASE=3,CAPTURING_PHASE=1,NONE=0,Symbol(Symbol.toStringTag)=CloseEvent,Symbol(Symbol.toStringTag)=CloseEvent,bubbles=false,cancelBubble=false,cancelable=false,code=1006,composed=false,defaultPrevented=false,eventPhase=2,reason=,returnValue=true,type=close,wasClean=false",
        "3,,,0",
        "still here",
      ]
    `);
  },
);

test("disclosure/handshake-headers: what the host adds to a request and what a server answers is unreadable", async () => {
  let request = "";
  const { guest } = await expectSurvived({
    script: `${confession(`onPort("127.0.0.1")`)} socket.onopen = (event) => { tell(event); print(JSON.stringify(socket) + socket.url.includes("secret")) }`,
    policy: [
      {
        origin: "ws://127.0.0.1:*",
        addresses: { loopback: true },
        connect: {
          headers: { "X-Api-Key": "secret-key" },
          origin: "https://secret.example",
          credentials: { username: "secret", password: "secret" },
        },
      },
    ],
    async serve(peer) {
      request = await peer.readRequest();
      peer.answer({ headers: ["Set-Cookie: secret=1", "X-Secret: secret"] });
      peer.socket.end();
    },
  });

  expect(request).toContain("X-Api-Key: secret-key");
  expect(guest.join("\n")).not.toMatch(/secret|cookie|basic/i);
  expect(guest).toContain("{}false");
});

test.each(onBothThreads(searchCases))("%s", async (_name, row) => {
  await expectContained(row);
});

test.each(named(otherCases))("%s", async (_name, row) => {
  await expectContained(row);
});

import { describe, expect, test } from "vitest";
import { openTestFolder } from "./support.ts";

const { write, outcomes, results } = openTestFolder();

write(
  "lamp.js",
  `const device = NetworkDevice.createWebSocket("ws://lamp.test/ws");
   device.onopen = () => { device.send("on"); setTimeout(() => device.send("off"), 60_000); };
   device.onmessage = ({ data }) => console.log(data);
   device.onclose = ({ code, reason }) => console.log("closed", code, reason);`,
);

describe("A test drives a script against a device", () => {
  test("whose messages it sees, answers, and waits for in virtual time", async () => {
    const all = await outcomes(`
      const lamp = device("ws://lamp.test", {
        onmessage(socket, data) { socket.send("ok " + data); },
      });
      test("switches", async () => {
        await load("../lamp.js");
        expect(await lamp.message()).toBe("on");
        expect(clock.now()).toBe(0);
        await clock.advance(60_000);
        expect(lamp.received).toEqual(["on", "off"]);
        expect(clock.now()).toBe(60_000);
      });
    `);

    expect(all).toEqual({
      switches: {
        failures: [],
        lines: [
          { level: "log", message: "ok on" },
          { level: "log", message: "ok off" },
        ],
        virtualTime: 60_000,
      },
    });
  });

  test("that refuses, closes, drops, falls silent, and sends bytes and JSON", async () => {
    const client = `
      const open = (protocols) => new Promise((resolve) => {
        const socket = new WebSocket("ws://lamp.test/a?b=1", protocols);
        const log = [];
        socket.binaryType = "arraybuffer";
        socket.onmessage = ({ data }) => log.push(typeof data === "string" ? data : new Uint8Array(data));
        socket.onclose = ({ code, reason, wasClean }) => { log.push([code, reason, wasClean]); resolve(log); };
        socket.onopen = () => { log.push("open " + socket.protocol); socket.send(new Uint8Array([7])); };
      });`;

    expect(
      await results(`${client}
        const plan = [];
        const lamp = device("ws://lamp.test", {
          onconnect(socket) { plan[0]?.(socket); },
          onmessage(socket, data) { plan[1]?.(socket, data); },
          onclose(socket, code, reason) { plan.push([code, reason]); },
        });
        test("refuses", async () => {
          plan[0] = (socket) => socket.refuse({ status: 401 });
          expect(await open()).toEqual([[1006, "", false]]);
        });
        test("closes", async () => {
          plan[1] = (socket, data) => {
            expect(data).toEqual(new Uint8Array([7]));
            socket.send(new Uint8Array([1, 2]));
            socket.send({ on: true });
            socket.close(4000, "full");
          };
          expect(await open(["v2", "v1"])).toEqual(
            ["open v2", new Uint8Array([1, 2]), '{"on":true}', [4000, "full", true]]);
          expect(lamp.socket.url).toBe("ws://lamp.test/a?b=1");
          expect(lamp.socket.protocols).toEqual(["v2", "v1"]);
          expect(plan.at(-1)).toEqual([4000, "full"]);
        });
        test("drops", async () => {
          plan[1] = () => lamp.drop();
          expect(await open()).toEqual(["open ", [1006, "", false]]);
        });
        test("falls silent", async () => {
          plan[1] = () => lamp.silence();
          expect(await open()).toEqual(["open ", [1006, "", false]]);
          expect(clock.now()).toBeGreaterThan(30_000);
        });
        test("waits for a connection", async () => {
          const connection = lamp.connection();
          void open();
          expect((await connection).headers.host).toBe("lamp.test");
          expect(lamp.sockets).toHaveLength(1);
        });
      `),
    ).toEqual({
      refuses: "passed",
      closes: "passed",
      drops: "passed",
      "falls silent": "passed",
      "waits for a connection": "passed",
    });
  });

  test("and each test has a sandbox of its own", async () => {
    expect(
      await results(`
        let count = 0;
        test("a", () => { globalThis.left = 1; expect(++count).toBe(1); });
        test("b", () => { expect(globalThis.left).toBeUndefined(); expect(++count).toBe(1); });
      `),
    ).toEqual({ a: "passed", b: "passed" });
  });

  test("and the same happens in every run", async () => {
    const source = `test("dice", () => console.log(Math.random(), Date.now(), crypto.randomUUID().length));`;

    expect(await outcomes(source)).toEqual(await outcomes(source));
  });

  test("which may have the names of the library for itself", async () => {
    write(
      "names.js",
      "const test = 1, expect = 2, device = 3, load = 4; let clock = 5; function describe() {}",
    );

    expect(
      await results(`
        test("names", async () => {
          await load("../names.js");
          expect(clock.now()).toBe(0);
          await clock.advance(1);
        });
      `),
    ).toEqual({ names: "passed" });
  });

  test("also as a module, in TypeScript, with imports", async () => {
    write("lib/answer.ts", "export const answer: number = 42;");
    write("main.mts", "import { answer } from './lib/answer.ts';\nconsole.log(answer as number);");

    expect(
      await outcomes(`
        import { answer } from "../lib/answer.ts";
        test("modules", async () => {
          expect(answer).toBe(42);
          await load("../main.mts");
        });
      `),
    ).toMatchObject({ modules: { failures: [], lines: [{ message: "42" }] } });
  });

  test("with the arguments of the command", async () => {
    expect(
      await results(`test("args", () => expect(NetworkDevice.args).toEqual(["a"]));`, {
        args: ["a"],
      }),
    ).toEqual({ args: "passed" });
  });
});

describe("Hooks and groups", () => {
  test("run around each test, from outside to inside and back", async () => {
    const { "a > b": outcome } = await outcomes(`
      beforeEach(() => console.log("1"));
      afterEach(async () => console.log("5"));
      describe("a", () => {
        beforeEach(async () => { await clock.advance(10); console.log("2"); });
        afterEach(() => console.log("4"));
        it("b", () => console.log("3"));
      });
      test("c", () => {});
    `);

    expect(outcome?.lines.map(({ message }) => message)).toEqual(["1", "2", "3", "4", "5"]);
  });

  test("tidy up when the test has failed, and every failure is told", async () => {
    const { a: result } = await results(`
      beforeEach(() => { throw new Error("before"); });
      afterEach(() => { throw new Error("after"); });
      test("a", () => { throw new Error("never runs"); });
    `);

    expect(result).toBe("tests/a.test.js:2:41 Error: before\ntests/a.test.js:3:40 Error: after");
  });
});

describe("A failure is told with its place in the test file", () => {
  test.each([
    [`throw new Error("a");`, "1:40 Error: a"],
    [`throw 1;`, "1 was thrown, which is no Error and has no place"],
    [`expect(1).toBe(2);`, "1:39 ExpectationError: expected 1 to be 2"],
    [
      `setTimeout(() => { throw new TypeError("late"); }, 5); await clock.advance(10);`,
      "1:63 TypeError: late (nobody caught it)",
    ],
    [`void Promise.reject(new Error("lost"));`, "1:54 Error: lost (nobody caught it)"],
    [
      `await expect(Promise.resolve(1)).resolves.toBe(2);`,
      "1:71 ExpectationError: expected a promise fulfilled with 1 to be 2",
    ],
    [
      `await load("../none.js");`,
      '1:35 TypeError: Cannot find the module "none.js"; names are relative to the importing file and below the script\'s folder',
    ],
    [`await load("none");`, '1:35 TypeError: Cannot import "none"'],
    [`await load("../../../etc/passwd.js");`, "leaves the script's folder"],
    [
      `device("lamp.test");`,
      '1:31 TypeError: device() takes an origin, for example "ws://lamp.test", got "lamp.test"',
    ],
    [`device("ws://a.test", { onmesage() {} });`, "onmesage is no handler of a device"],
    [`device("ws://a.test"); device("ws://a.test");`, "is declared already"],
    [`device("ws://a.test").socket;`, "No script has connected to the device yet"],
    [`test("b", () => {});`, "comes too late"],
    [`expect(1, 2);`, "expect() takes one value"],
    [`clock.advance(-1);`, "clock.advance() takes milliseconds from 0 to 86400000, got -1"],
  ])("%s", async (body, expected) => {
    const { a: result } = await results(`test("a", async () => { ${body} });`);

    expect(result).toContain(expected);
  });

  test("or in the script, when that is where it happens", async () => {
    write("broken.js", "let a = 1;\na.b.c();");

    expect(
      await results(`
        test("caught", async () => expect(load("../broken.js")).rejects.toThrow("cannot read property"));
        test("not caught", async () => { await load("../broken.js"); });
      `),
    ).toEqual({
      caught: "passed",
      "not caught": "broken.js:2:4 TypeError: cannot read property 'c' of undefined",
    });
  });

  test("when a handler of a device throws", async () => {
    const { a: result } = await results(`
      const lamp = device("ws://lamp.test", { onmessage() { throw new RangeError("too bright"); } });
      test("a", async () => { await load("../lamp.js"); await lamp.message(); await clock.advance(0); });
    `);

    expect(result).toBe("tests/a.test.js:2:81 RangeError: too bright");
  });

  test("when the file does not evaluate", async () => {
    expect(await results(`test("a", () => {});\nthrow new Error("top");`)).toEqual({
      "the file": "tests/a.test.js:2:16 Error: top",
    });
    expect(await results("test(")).toEqual({
      "the file": expect.stringMatching(/^tests\/a\.test\.js:1:\d+ SyntaxError: /),
    });
    expect(await results(`test("", () => {});`)).toEqual({
      "the file": expect.stringContaining("test() takes a name and a function"),
    });
    expect(await results(`describe("a", async () => {});`)).toEqual({
      "the file": expect.stringContaining("describe() takes a function that is not async"),
    });
  });
});

describe("A test that never ends is ended", () => {
  test.each([
    ["new Promise(() => {})", "waits for something that cannot happen any more"],
    ["new Promise(() => setInterval(() => {}, 1000))", "did not end within 1000 ms"],
    ["(() => { for (;;); })()", "did not end within 1000 ms"],
    ["clock.advance(80_000_000).then(setInterval(() => {}, 1))", "did not end within 1000 ms"],
    ["(async () => { for (;;) await 0; })()", "did not end within 1000 ms"],
  ])("%s", async (body, expected) => {
    const { a: result } = await results(`test("a", () => ${body});`, { timeout: 1_000 });

    expect(result).toContain(expected);
  });

  test("clock.runAll() tells of an interval that is never cleared", async () => {
    const { a: result } = await results(
      `test("a", async () => { setInterval(() => {}, 3_600_000); await clock.runAll(); });`,
    );

    expect(result).toContain("Something still waits after a day of virtual time");
  });
});

describe("A script that changes what the library is made of", () => {
  test("does not reach the runner's side, and fails its test at most", async () => {
    write(
      "hostile.js",
      `JSON.stringify = () => "{"; JSON.parse = () => { throw 1 }; Promise.prototype.then = undefined;
       Array.prototype.map = undefined; Map.prototype.get = undefined; WebSocket.prototype.send = undefined;`,
    );

    const { a: result } = await results(`test("a", async () => { await load("../hostile.js"); });`);

    expect(typeof result).toBe("string");
  });

  test("cannot speak to the runner by itself", async () => {
    expect(
      await results(`
        test("a", async () => {
          const socket = new WebSocket("ws://runner.netdevice.invalid/");
          const code = await new Promise((resolve) => { socket.onclose = (event) => resolve(event.code); });
          expect(code).toBe(1006);
        });
      `),
    ).toEqual({ a: "passed" });
  });
});

test("A device answers requests of HTTP", async () => {
  expect(
    await results(`
      const hub = device("http://hub.test", {
        async onrequest({ method, url, headers, body }) {
          if (url.endsWith("/broken")) throw new Error("broken");
          if (url.endsWith("/bytes")) return { headers: { "X-A": "1" }, body: body.map((byte) => byte + 1) };
          if (url.endsWith("/text")) return method + " " + headers["x-b"];
          return { status: 204 };
        },
      });
      test("answers", async () => {
        expect(await (await fetch("http://hub.test/text", { headers: { "X-B": "2" } })).text()).toBe("GET 2");
        const bytes = await fetch("http://hub.test/bytes", { method: "POST", body: new Uint8Array([1, 2]) });
        expect(bytes.headers.get("x-a")).toBe("1");
        expect(new Uint8Array(await bytes.arrayBuffer())).toEqual(new Uint8Array([2, 3]));
        expect((await fetch("http://hub.test/")).status).toBe(204);
      });
      test("fails", async () => {
        expect((await fetch("http://hub.test/broken")).status).toBe(500);
      });
      test("is not there", () => expect(fetch("http://other.test/")).rejects.toThrow(TypeError));
    `),
  ).toEqual({
    answers: "passed",
    fails: expect.stringContaining("Error: broken"),
    "is not there": "passed",
  });
});

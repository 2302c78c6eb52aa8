import { type AddressInfo, createServer } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LocalSandbox } from "../../src/local-sandbox.ts";
import { buildNames } from "../support/builds.ts";
import { openLocalSandbox } from "../support/local-sandbox.ts";
import { closeFrame, frame, opcodes, RawPeer } from "../support/raw-server.ts";

/** What is known of the script's side without looking at it. */
interface Model {
  isDestroyed: boolean;
}

interface Real {
  readonly guest: LocalSandbox;
  /** Resolves with the server's end. */
  readonly connected: Promise<RawPeer>;
  /** The server's end, as soon as there is one. */
  peer: RawPeer | undefined;
  /** Whether connections that arrive from now on are dropped. */
  isOver: boolean;
}

type Command = fc.AsyncCommand<Model, Real>;

/** A command of the script: one statement about `socket`. */
function script(statement: string): Command {
  return {
    check: (model) => !model.isDestroyed || !statement.includes("destroy"),
    async run(model, { guest }) {
      if (statement.includes("destroy")) model.isDestroyed = true;
      const source = `try { ${statement} } catch (e) { note("throws") }`;
      await guest.run(source, "command.js", "script");
    },
    toString: () => statement,
  };
}

/** A command of the server; nothing when it has no connection yet. */
function server(name: string, act: (peer: RawPeer) => unknown): Command {
  return {
    check: () => true,
    async run(_model, { peer }) {
      if (peer !== undefined) await act(peer);
    },
    toString: () => `the server ${name}`,
  };
}

/** Answers the request, once; the client may have gone before it was complete. */
async function accept(peer: RawPeer, frames?: Buffer): Promise<void> {
  if (peer.request !== "") return;
  try {
    await peer.readRequest();
    peer.answer(frames === undefined ? {} : { frames });
  } catch {
    // Then there is nobody to answer.
  }
}

const half = frame(opcodes.text, "half", { fin: false });
const burst = Buffer.concat([
  frame(opcodes.text, "one"),
  frame(opcodes.binary, Buffer.from([2])),
  closeFrame(1000, "done"),
]);

const eventLoopTurns: Command = {
  check: () => true,
  run: () => new Promise<void>((resolve) => setImmediate(resolve)),
  toString: () => "the event loop turns",
};

const commands: readonly fc.Arbitrary<Command>[] = [
  eventLoopTurns,
  eventLoopTurns,
  eventLoopTurns,
  server("accepts", (peer) => accept(peer)),
  server("accepts and sends a burst", (peer) => accept(peer, burst)),
  server("answers 403", (peer) =>
    peer.socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
  ),
  server("sends text", (peer) => peer.write(frame(opcodes.text, "hello"))),
  server("sends a burst", (peer) => peer.write(burst)),
  server("sends half a message", (peer) => peer.write(half)),
  server("pings", (peer) => peer.write(frame(opcodes.ping, "?"))),
  server("sends a reserved opcode", (peer) => peer.write(frame(3, "?"))),
  server("sends invalid UTF-8", (peer) => peer.write(frame(opcodes.text, Buffer.from([0xff])))),
  server("sends a reserved close code", (peer) => peer.write(closeFrame(1006))),
  server("sends a close frame", (peer) => peer.write(closeFrame(4321, "going"))),
  server("sends noise", (peer) => peer.write("\u0001noise\r\n\r\n")),
  server("ends TCP", (peer) => peer.socket.end()),
  server("resets", (peer) => peer.socket.resetAndDestroy()),
  script(`socket.send("text")`),
  script(`socket.send(new Uint8Array(3))`),
  script(`socket.send(new Blob(["blob"]))`),
  script(`socket.close()`),
  script(`socket.close(3000, "bye")`),
  script(`socket.close(1001)`),
  script(`socket.destroy(); note("destroyed")`),
  script(`socket.binaryType = "arraybuffer"`),
  script(`socket.onopen = socket.onmessage = null`),
  script(`socket.onmessage = () => socket.close()`),
  script(`socket.onopen = socket.onclose = () => { socket.destroy(); note("destroyed") }`),
].map((command) => fc.constant(command));

const sequences = fc.commands([...commands], { maxCommands: 25 });

describe.each(buildNames)("build %s", (build) => {
  test("whatever script and server do, a socket's life keeps the order of the standard", async () => {
    const log: string[] = [];
    let heard: (note: string) => void = () => {};
    const guest = await openLocalSandbox(
      build,
      (event) => {
        if (event.type === "console") {
          log.push(event.message);
          heard(event.message);
        }
        if (event.type === "error") log.push(`uncaught ${event.exception.message}`);
      },
      { closeTimeout: 100, handshakeTimeout: 2_000 },
    );

    await fc.assert(
      fc.asyncProperty(fc.boolean(), sequences, async (startsOpen, sequence) => {
        log.length = 0;
        const { promise, resolve } = deferred<RawPeer>();
        const real: Real = { guest, connected: promise, peer: undefined, isOver: false };
        // A listener for each life: a connection that arrives late must not be taken for the next.
        const listener = createServer((socket) => {
          if (real.isOver) socket.destroy();
          else resolve((real.peer = new RawPeer(socket)));
        });
        await new Promise<void>((listening) => listener.listen(0, "127.0.0.1", listening));
        const { port } = listener.address() as AddressInfo;
        const opened = deferred<void>();
        heard = (note) => {
          if (note === "open 1") opened.resolve();
        };
        await guest.run(opening(`ws://127.0.0.1:${port}`), "opening.js", "script");
        if (startsOpen) {
          const peer = await real.connected;
          await accept(peer);
          await opened.promise;
        }

        await fc.asyncModelRun(() => ({ model: { isDestroyed: false }, real }), sequence);
        // Every life ends: what the server still holds, and what still arrives, is dropped.
        real.isOver = true;
        real.peer?.socket.destroy();
        await guest.idle();
        listener.close();

        checkLife(log);
      }),
      { numRuns: 150 },
    );
  });
});

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((resolvePromise) => {
    resolve = resolvePromise;
  });
  return { promise, resolve: (value) => resolve(value) };
}

/** Opens a socket and notes everything that can be seen of it. */
function opening(url: string): string {
  return `
    globalThis.socket = new WebSocket(${JSON.stringify(url)});
    globalThis.note = ((own) => (what) => console.log(what + " " + own.readyState))(socket);
    for (const type of ["open", "message", "error", "close"])
      socket.addEventListener(type, ((note) => (event) => note(event.type))(note));
    note("made");
  `;
}

/** Checks one socket's notes: a word and the ready state at that time. */
function checkLife(log: readonly string[]): void {
  const notes = log.map((line) => {
    const end = line.lastIndexOf(" ");
    return { what: line.slice(0, end), state: Number(line.slice(end + 1)) };
  });
  const states = notes.map(({ state }) => state);
  const count = (type: string): number => notes.filter(({ what }) => what === type).length;

  expect(states, "the ready state never goes back").toEqual(states.toSorted((a, b) => a - b));
  expect(count("open"), "open fires at most once").toBeLessThanOrEqual(1);
  expect(count("error"), "error fires at most once").toBeLessThanOrEqual(1);
  expect(log.filter((line) => line.startsWith("uncaught"))).toEqual([]);
  for (const { what, state } of notes) {
    if (what === "open" || what === "message") expect(state, what).toBe(1);
    if (what === "error" || what === "close") expect(state, what).toBe(3);
  }
  const events = notes.filter(({ what }) => /^(?:open|message|error|close)$/.test(what));
  const ends = notes.findIndex(({ what }) => what === "close" || what === "destroyed");
  expect(ends, "every life ends").not.toBe(-1);
  const afterEnd = notes.slice(ends + 1).filter((note) => events.includes(note));
  expect(afterEnd, "no event comes after close or destroy()").toEqual([]);
}

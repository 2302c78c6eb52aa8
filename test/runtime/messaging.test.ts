import { describe, expect, test } from "vitest";
import { buildNames } from "../support/builds.ts";
import type { TestGuest } from "../support/guest.ts";
import { createTimedGuest, runUntil } from "../support/timed-guest.ts";

/** Evaluates a script and runs the tasks that are due now. Returns what is in `log`. */
function run(guest: TestGuest, source: string): unknown {
  guest.evaluate(source);
  runUntil(guest, guest.time);
  return JSON.parse(String(guest.evaluate("JSON.stringify(log.splice(0))")));
}

const channel = "var { port1, port2 } = new MessageChannel();";

describe.each(buildNames)("MessageChannel on %s", (build) => {
  test("messages arrive in order, each in a task of its own after the jobs of the one before", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `${channel}
      port2.onmessage = ({ data }) => { log.push(data); Promise.resolve().then(() => log.push("job of " + data)); };
      port1.postMessage(1); port1.postMessage(2);
      Promise.resolve().then(() => log.push("job of the script"));
      log.push("script")`,
    );

    expect(found).toEqual(["script", "job of the script", 1, "job of 1", 2, "job of 2"]);
  });

  test("a message event is trusted and has no origin, source or ports", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `${channel}
      port2.onmessage = (event) => log.push([event instanceof MessageEvent, event.isTrusted, event.origin, event.lastEventId, event.source,
        event.ports.length, Object.isFrozen(event.ports), event.target === port2, event.bubbles, event.cancelable]);
      port1.postMessage({})`,
    );

    expect(found).toEqual([[true, true, "", "", null, 0, true, true, false, false]]);
  });

  test("messages wait until the port is started, which a listener does not do", async () => {
    using guest = await createTimedGuest({ build });
    const before = run(
      guest,
      `${channel} port2.addEventListener("message", ({ data }) => log.push(data)); port1.postMessage("a"); port1.postMessage("b")`,
    );

    const after = run(guest, `port2.start(); port2.start(); port1.postMessage("c")`);

    expect([before, after]).toEqual([[], ["a", "b", "c"]]);
  });

  test("both ports send, and a message is a copy", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `${channel}
      const message = { list: new Map([["a", [1]]]) };
      port2.onmessage = ({ data }) => { log.push(data === message, data.list.get("a")[0]); port2.postMessage("back"); };
      port1.onmessage = ({ data }) => log.push(data);
      port1.postMessage(message);
      message.list.get("a")[0] = 2`,
    );

    expect(found).toEqual([false, 1, "back"]);
  });

  test("a message that cannot be cloned is a DataCloneError and transfers nothing", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `${channel}
      const buffer = new ArrayBuffer(8);
      const other = new MessageChannel();
      port2.onmessage = () => log.push("message");
      for (const [message, transfer] of [[() => {}, [buffer]], [port1, []], [1, [port1]], [1, [buffer, buffer]], [1, [{}]], [other.port1, { transfer: [] }]])
        try { port1.postMessage(message, transfer) } catch (error) { log.push(error.name) }
      try { port1.postMessage(1, [1]) } catch (error) { log.push(error.name) }
      try { port1.postMessage() } catch (error) { log.push(error.name) }
      log.push(buffer.byteLength)`,
    );

    expect(found).toEqual([
      ...Array.from({ length: 6 }, () => "DataCloneError"),
      "TypeError",
      "TypeError",
      8,
    ]);
  });

  test.each(["[buffer]", "{ transfer: [buffer] }", "new Set([buffer])"])(
    "a buffer of %s moves along",
    async (transfer) => {
      using guest = await createTimedGuest({ build });

      const found = run(
        guest,
        `${channel}
        const buffer = Uint8Array.of(1, 2, 3).buffer;
        port2.onmessage = ({ data }) => log.push([...new Uint8Array(data)]);
        port1.postMessage(buffer, ${transfer});
        log.push(buffer.byteLength)`,
      );

      expect(found).toEqual([0, [1, 2, 3]]);
    },
  );

  test("a transferred port arrives in the message and in ports, with the messages that waited for it", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `${channel}
      const inner = new MessageChannel();
      inner.port1.postMessage("early");
      port2.onmessage = ({ data, ports }) => {
        log.push(ports[0] === data.port, ports[0] === inner.port2, ports.length);
        data.port.onmessage = ({ data }) => { log.push(data); ports[0].postMessage("answer"); };
      };
      inner.port1.onmessage = ({ data }) => log.push(data);
      port1.postMessage({ port: inner.port2 }, [inner.port2]);
      inner.port1.postMessage("late");
      inner.port2.postMessage("from the old object")`,
    );

    expect(found).toEqual([true, false, 1, "early", "late", "answer", "answer"]);
  });

  test("a port that was started keeps its messages when it is transferred, and its order", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `${channel}
      port2.onmessage = ({ data }) => log.push("old " + data);
      port1.postMessage(1); port1.postMessage(2);
      const moved = structuredClone(port2, { transfer: [port2] });
      port1.postMessage(3);
      setTimeout(() => { moved.onmessage = ({ data }) => log.push("new " + data); }, 0)`,
    );

    expect(found).toEqual(["new 1", "new 2", "new 3"]);
  });

  test("a port can neither be transferred twice nor when it is closed", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `${channel}
      structuredClone(0, { transfer: [port1] });
      port2.close();
      for (const port of [port1, port2]) try { structuredClone(0, { transfer: [port] }) } catch (error) { log.push(error.name) }
      const late = new MessageChannel().port1;
      try { structuredClone({ get a() { structuredClone(0, { transfer: [late] }) } }, { transfer: [late] }) } catch (error) { log.push(error.name) }`,
    );

    expect(found).toEqual(["DataCloneError", "DataCloneError", "DataCloneError"]);
  });

  test("a message that transfers the port it would arrive at reaches nobody", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `${channel} port1.postMessage(1, [port2]); port2.onmessage = () => log.push("message")`,
    );

    expect(found).toEqual([]);
  });

  test("after close() what was sent before arrives, then close, and nothing later", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `${channel}
      port2.onmessage = ({ data }) => log.push(data);
      port1.onclose = port2.onclose = (event) => log.push(event.type + (event.target === port2));
      port1.postMessage("before"); port1.close(); port1.close();
      port1.postMessage("after"); port2.postMessage("after")`,
    );

    expect(found).toEqual(["before", "closetrue"]);
  });

  test("close() in a listener does not take back the messages that are on their way", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `${channel}
      port2.onmessage = ({ data }) => { log.push(data); port2.close(); };
      port1.postMessage(1); port1.postMessage(2)`,
    );

    expect(found).toEqual([1, 2]);
  });

  test("what a listener throws is reported, and the next message arrives", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `${channel} port2.onmessage = ({ data }) => { log.push(data); throw new Error("thrown") }; port1.postMessage(1); port1.postMessage(2)`,
    );

    expect(found).toEqual([1, 2]);
    expect(guest.callsOf("report")).toHaveLength(2);
  });

  test("tasks that lead to tasks need no time, and are no timers", async () => {
    using guest = await createTimedGuest({ build, maxTimers: 1 });

    const found = run(
      guest,
      `${channel}
      let turns = 0;
      setTimeout(() => {}, 1_000);
      port2.onmessage = () => { if (++turns < 1_000) port1.postMessage(0); else log.push(turns, performance.now()); };
      port1.postMessage(0)`,
    );

    expect(found).toEqual([1_000, 0]);
  });

  test("a timer that is set in a task is not slowed down, and tasks do not hold up timers", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `${channel}
      let turns = 0;
      setTimeout(() => log.push("timer after " + turns), 0);
      port2.onmessage = () => { if (++turns < 10) port1.postMessage(0); };
      port1.postMessage(0)`,
    );

    expect(found).toEqual(["timer after 0"]);
  });

  test("an open port keeps nobody waiting", async () => {
    using guest = await createTimedGuest({ build });

    run(guest, `${channel} port2.onmessage = () => {}; port1.postMessage(0)`);

    expect(guest.callsOf("setAlarm")).toEqual([[0], [-1]]);
  });

  test("the interfaces are as Web IDL says", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `${channel}
      log.push(MessageChannel.length, MessagePort.prototype.postMessage.length, String(port1), port1 instanceof EventTarget,
        Object.keys(MessagePort.prototype).sort().join(), Object.keys(MessageChannel.prototype).join(), port1.onmessage, Reflect.ownKeys(port1).length);
      for (const make of [() => new MessagePort(), () => MessageChannel(), () => MessagePort.prototype.start.call({}), () => port1.onmessage.call({}),
        () => Object.getOwnPropertyDescriptor(MessagePort.prototype, "onmessage").set.call({}, null), () => MessageChannel.prototype.port1])
        try { make(); log.push("nothing") } catch (error) { log.push(error.name) }`,
    );

    expect(found).toEqual([
      0,
      1,
      "[object MessagePort]",
      true,
      "close,onclose,onmessage,onmessageerror,postMessage,start",
      "port1,port2",
      null,
      0,
      ...Array.from({ length: 6 }, () => "TypeError"),
    ]);
  });

  test("a MessageEvent of a script takes ports and a port as its source", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `${channel}
      const event = new MessageEvent("message", { ports: [port1, port2], source: port1 });
      log.push(event.ports[1] === port2, event.source === port1, Object.isFrozen(event.ports));
      try { new MessageEvent("message", { ports: [new EventTarget()] }) } catch (error) { log.push(error.name) }`,
    );

    expect(found).toEqual([true, true, true, "TypeError"]);
  });

  test("a script that has changed the built-ins before gets its messages all the same", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `const poison = () => { throw new Error("changed") };
      for (const name of ["push", "shift", "concat", Symbol.iterator]) Array.prototype[name] = poison;
      Function.prototype.call = Function.prototype.apply = Object.defineProperty = Reflect.apply = poison;
      const channel = new MessageChannel();
      channel.port2.onmessage = ({ data, ports }) => { log[log.length] = data.a; log[log.length] = ports.length };
      channel.port1.postMessage({ a: 1 })`,
    );

    expect(found).toEqual([1, 0]);
  });
});

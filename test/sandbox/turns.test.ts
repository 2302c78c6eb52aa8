import { describe, expect, test } from "vitest";
import { closeFrame, frame, opcodes, openRawServer } from "../support/raw-server.ts";
import { openSandbox } from "../support/sandbox.ts";

describe.each(["none", "worker"] as const)("with isolation %j", (isolation) => {
  test("promise jobs run between two messages of one packet", async () => {
    const server = await openRawServer();
    const { runToIdle, lines } = await openSandbox({ isolation, args: [server.url] });
    const frames = Buffer.concat([frame(opcodes.text, "one"), frame(opcodes.text, "two")]);

    const run = runToIdle(`
      const socket = new WebSocket(NetworkDevice.args[0]);
      socket.onmessage = ({ data }) => {
        console.log(data);
        Promise.resolve().then(() => console.log("job"));
      };
    `);
    const peer = await server.accept({ frames });
    peer.write(closeFrame(1000));
    await run;

    expect(lines()).toEqual(["one", "job", "two", "job"]);
  });
});

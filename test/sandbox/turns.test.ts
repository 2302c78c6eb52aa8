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

test.each([
  ["a loop", `for (;;);`],
  [
    "a loop that throws when it is interrupted",
    `try { for (;;); } finally { throw new Error("mine") }`,
  ],
])(
  "an overrun by %s rejects run() as a limit, not as an exception of the script",
  async (_how, source) => {
    const { sandbox } = await openSandbox({ isolation: "none", limits: { maxTurnTime: 50 } });

    await expect(sandbox.run(source)).rejects.toMatchObject({ code: "ERR_LIMIT" });
  },
);

import { allowOrigins } from "../../../src/policy/allow-origins.ts";
import { createSandbox } from "../../../src/sandbox.ts";
import { startEchoServer } from "../../support/echo-server.ts";

/** A well-behaved sandbox of the same process, with an open socket to a server of its own. */
export interface Sibling extends AsyncDisposable {
  /** Sends a message and answers {@link siblingAnswer} once the echo has come back and nothing of the sandbox has changed. */
  ask(): Promise<string>;
}

/** What a sibling says that nobody has touched. */
export const siblingAnswer = "echoed, counted and untouched";

const script = `
  const socket = new WebSocket(NetworkDevice.args[0]);
  let count = 0, wake;
  socket.onmessage = ({ data }) => { count++; wake(data) };
  const shape = () => [globalThis, Object.prototype, Array.prototype, Promise.prototype, WebSocket.prototype]
    .map((object) => Reflect.ownKeys(object).length).join();
  globalThis.ask = async (number) => {
    const echo = await new Promise((resolve) => { wake = resolve; socket.send("number " + number) });
    return [
      echo === "number " + number ? "echoed" : echo,
      count === number ? "counted" : count,
      shape() === original ? "untouched" : shape(),
    ];
  };
  const original = shape();
  await new Promise((resolve) => (socket.onopen = resolve));
`;

/** Starts a sibling. */
export async function startSibling(): Promise<Sibling> {
  const server = await startEchoServer();
  const lines: string[] = [];
  const sandbox = await createSandbox({
    policy: allowOrigins([server.url]),
    args: [server.url],
    observe: (event) => {
      lines.push(event.type === "console" ? event.message : event.type);
    },
  });
  await sandbox.run(script, { type: "module" });
  let asked = 0;
  return {
    async ask() {
      asked += 1;
      lines.length = 0;
      const question = `const [a, b, c] = await ask(${asked}); console.log(a + ", " + b + " and " + c)`;
      await sandbox.run(question, { type: "module" });
      return lines.join("; ");
    },
    async [Symbol.asyncDispose]() {
      await sandbox.close();
      await server.close();
    },
  };
}

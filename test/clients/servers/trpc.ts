import { initTRPC } from "@trpc/server";
import { applyWSSHandler } from "@trpc/server/adapters/ws";
import { WebSocketServer } from "ws";
import { listen, type TestServer } from "./test-server.ts";

const { router, procedure } = initTRPC.create();

const text = (input: unknown): string => String(input);

const lamps = router({
  greet: procedure.input(text).query(({ input }) => `hello, ${input}`),
  count: procedure.input(Number).subscription(async function* ({ input }) {
    for (let number = 0; number < input; number++) yield number;
  }),
});

/** tRPC's own server. */
export async function startTrpc(): Promise<TestServer> {
  const { server, port, cut } = await listen();
  applyWSSHandler({ wss: new WebSocketServer({ server }), router: lamps });
  return { url: `ws://127.0.0.1:${port}/`, cut };
}

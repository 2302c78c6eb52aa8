import { buildSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { onTestFinished } from "vitest";
import { WebSocketServer } from "ws";
import { listen, type TestServer } from "./test-server.ts";

const schema = buildSchema(`
  type Query { lamp: String }
  type Subscription { count(to: Int!): Int greeting: String }
`);

/** The server of graphql-ws; it asks for a token. */
export async function startGraphQl(): Promise<TestServer> {
  const { server, port, cut } = await listen();
  const sockets = new WebSocketServer({ server });
  let subscriptions = 0;
  const service = useServer(
    {
      schema,
      onConnect: ({ connectionParams }) => connectionParams?.["token"] === "secret",
      roots: {
        query: { lamp: () => "on" },
        subscription: {
          async *count({ to }: { readonly to: number }) {
            for (let count = 0; count < to; count++) yield { count };
          },
          async *greeting() {
            yield { greeting: subscriptions++ === 0 ? "hello" : "hello again" };
            // Goes on until nobody listens any more.
            await new Promise((resolve) => server.once("close", resolve));
          },
        },
      },
    },
    sockets,
  );
  onTestFinished(() => service.dispose());
  return { url: `ws://127.0.0.1:${port}/`, cut };
}

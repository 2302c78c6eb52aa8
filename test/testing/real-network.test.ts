import { describe, expect, onTestFinished, test } from "vitest";
import { serveSimulator } from "../../src/simulators/serve.ts";
import type { SimulatedPeer, Simulator } from "../../src/simulators/simulator.ts";
import { simulatedTransport } from "../../src/testing/simulated-transport.ts";
import { virtualClock } from "../../src/testing/virtual-clock.ts";
import type { Transport, TransportConnection } from "../../src/transport/transport.ts";
import { wsTransport } from "../../src/transport/ws.ts";
import { createRecordingSink, type RecordingSink } from "../support/recording-sink.ts";
import { transportRequest } from "../support/transport-request.ts";

interface Scenario {
  readonly name: string;
  /** What the server does with the handshake; absent for one without WebSockets. */
  readonly serve?: (peer: SimulatedPeer) => void;
  /** What the client does once it is open, before it waits for the end. */
  readonly talk?: (connection: TransportConnection, sink: RecordingSink) => Promise<unknown> | void;
  readonly protocols?: readonly string[];
}

const echoing = (peer: SimulatedPeer): void => {
  peer.accept();
  peer.onmessage = (data) => peer.send(data);
};

const scenarios: readonly Scenario[] = [
  {
    name: "an echo that the client closes",
    serve: echoing,
    async talk(connection, sink) {
      connection.send("grüße");
      connection.send(Uint8Array.of(1, 2));
      connection.send("");
      await sink.messages(3);
      connection.close(3001, "done");
    },
  },
  {
    name: "a client that closes without a code",
    serve: echoing,
    talk: (connection) => connection.close(),
  },
  {
    name: "a server that closes behind its last message",
    serve(peer) {
      peer.accept();
      peer.send("last");
      peer.close(4001, "enough");
    },
  },
  {
    name: "a server that closes without a code",
    serve(peer) {
      peer.accept();
      peer.close();
    },
  },
  {
    name: "a server that drops the connection",
    serve(peer) {
      peer.accept();
      peer.onmessage = () => peer.drop();
    },
    talk: (connection) => connection.send("go"),
  },
  { name: "a server that refuses", serve: (peer) => peer.refuse({ status: 401 }) },
  { name: "a server without WebSockets" },
  { name: "a handshake that is dropped", serve: (peer) => peer.drop() },
  {
    name: "a subprotocol that is chosen",
    protocols: ["x", "y"],
    serve: (peer) => peer.accept({ protocol: "y" }),
    talk: (connection) => connection.close(1000),
  },
  {
    name: "no subprotocol where some are offered",
    protocols: ["x"],
    serve: (peer) => peer.accept(),
  },
  {
    name: "a message that is too large",
    serve(peer) {
      peer.accept();
      peer.send("x".repeat(1_024));
      peer.send("x".repeat(1_025));
    },
  },
  {
    name: "a client that gives up an open connection",
    serve: echoing,
    talk: (connection) => connection.abort(),
  },
];

interface Outcome {
  readonly client: readonly string[];
  readonly server: readonly string[];
  readonly end: object;
}

/** Plays a scenario on a transport; `settle` lets everything happen that can. */
async function play(
  scenario: Scenario,
  network: (
    simulator: Simulator,
  ) => Promise<{ readonly transport: Transport; readonly url: string }>,
  until: <Value>(work: Promise<Value>) => Promise<Value>,
): Promise<Outcome> {
  const { serve, talk, protocols = [] } = scenario;
  const server: string[] = [];
  let serverEnded = (): void => {};
  const serverEnd = new Promise<void>((resolve) => (serverEnded = resolve));
  const simulator: Simulator = {};
  if (serve === undefined) serverEnded();
  else {
    simulator.connect = (peer) => {
      peer.onclose = (code, reason) => {
        server.push(`close ${code} ${reason}`.trimEnd());
        serverEnded();
      };
      serve(peer);
    };
  }
  const { transport, url } = await network(simulator);
  const sink = createRecordingSink();
  const request = transportRequest({ url, protocols, addresses: { loopback: true } });
  const connection = transport.connect(request, sink);
  if (talk !== undefined) {
    await until(sink.whenOpened);
    await until(Promise.resolve(talk(connection, sink)));
  }
  const { failure, ...close } = await until(sink.whenClosed);
  await until(serverEnd);
  // Hosts and the system's own words differ.
  const { code, stage, status } = failure ?? {};
  return { client: sink.log, server, end: { ...close, code: code ?? close.code, stage, status } };
}

async function playInMemory(scenario: Scenario): Promise<Outcome> {
  const clock = virtualClock();
  return play(
    scenario,
    (simulator) =>
      Promise.resolve({
        transport: simulatedTransport({ "ws://lamp.test": simulator }, { clock }),
        url: "ws://lamp.test/",
      }),
    async (work) => {
      await clock.runAll();
      return work;
    },
  );
}

async function playOnPort(scenario: Scenario): Promise<Outcome> {
  return play(
    scenario,
    async (simulator) => {
      const server = await serveSimulator(simulator);
      onTestFinished(() => server.close());
      return { transport: wsTransport(), url: `${server.origin}/` };
    },
    (work) => work,
  );
}

describe("the network in memory tells both sides what a real one does", () => {
  test.each(scenarios)("$name", async (scenario) => {
    const real = await playOnPort(scenario);

    expect(await playInMemory(scenario)).toEqual(real);
  });
});

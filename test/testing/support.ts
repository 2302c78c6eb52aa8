import { onTestFinished } from "vitest";
import type { SimulatedPeer, Simulator } from "../../src/simulators/simulator.ts";
import type { TestSandbox } from "../../src/testing/driven-sandbox.ts";
import { createTestSandbox, type TestSandboxOptions } from "../../src/testing/test-sandbox.ts";

/** Sends every message back. */
export const echo: Simulator = {
  connect(peer) {
    peer.accept();
    peer.onmessage = (data) => peer.send(data);
  },
};

/** A simulator that accepts and then does what a test says. */
export function accepting(opened: (peer: SimulatedPeer) => void): Simulator {
  return {
    connect(peer) {
      peer.accept();
      opened(peer);
    },
  };
}

/** A {@link TestSandbox} that is closed with the test. */
export async function openTestSandbox(options: TestSandboxOptions = {}): Promise<TestSandbox> {
  const sandbox = await createTestSandbox(options);
  onTestFinished(() => sandbox.close());
  return sandbox;
}

/** A script that prints what happens on its socket, with the time. */
export function reporting(url: string, onOpen = ""): string {
  return `
    const socket = new WebSocket(${JSON.stringify(url)});
    socket.binaryType = "arraybuffer";
    const tell = (...what) => console.log(...what, "at", Math.round(performance.now()));
    socket.onopen = () => { tell("open"); ${onOpen} };
    socket.onmessage = ({ data }) => tell("message", typeof data === "string" ? data : data.byteLength);
    socket.onerror = () => tell("error");
    socket.onclose = ({ code, reason, wasClean }) => tell("close", code, reason || "-", wasClean);
  `;
}

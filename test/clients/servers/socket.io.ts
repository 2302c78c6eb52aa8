import { Server as Engine, type Socket } from "engine.io";
import { Server } from "socket.io";
import { onTestFinished } from "vitest";
import { listen, type TestServer } from "./test-server.ts";

/** Socket.IO's own server; it asks for a token. */
export async function startSocketIo(): Promise<TestServer> {
  const { server, port, cut } = await listen();
  const io = new Server(server);
  io.use((socket, proceed) => {
    const { token } = socket.handshake.auth;
    proceed(token === "secret" ? undefined : new Error(`the token is ${String(token)}`));
  });
  io.on("connection", (socket) => {
    socket.on("echo", (event: string, value: unknown) => socket.emit(event, value));
    socket.on("return", (value: unknown, answer: (value: unknown) => void) => answer(value));
  });
  onTestFinished(() => io.close());
  return { url: `http://127.0.0.1:${port}/`, cut };
}

/** Engine.IO's own server: returns every message. */
export async function startEngineIo(): Promise<TestServer> {
  const { server, port, cut } = await listen();
  const engine = new Engine();
  engine.attach(server);
  engine.on("connection", (socket: Socket) => {
    socket.on("message", (data) => socket.send(data));
  });
  onTestFinished(() => void engine.close());
  return { url: `ws://127.0.0.1:${port}/`, cut };
}

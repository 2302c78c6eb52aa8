// The servers of the soak, in a process of their own: what they use is not counted as the host's.
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });

/** What a server does with a request for an upgrade, by its path. */
const behaviours = {
  /** Sends every message back. */
  "/echo": (request, socket, head) => {
    webSockets.handleUpgrade(request, socket, head, (peer) => {
      peer.on("message", (data, binary) => peer.send(data, { binary }));
      peer.on("error", () => peer.terminate());
    });
  },
  /** Opens the connection and resets it at once. */
  "/reset": (request, socket, head) => {
    webSockets.handleUpgrade(request, socket, head, (peer) => {
      peer.on("error", () => peer.terminate());
      setImmediate(() => socket.resetAndDestroy());
    });
  },
  /** Never answers. */
  "/silent": (_request, socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("end", () => socket.destroy());
    socket.resume();
  },
};

const server = createServer();
server.on("upgrade", (request, socket, head) => {
  const behave = behaviours[request.url];
  if (behave === undefined) socket.destroy();
  else behave(request, socket, head);
});
// A client that vanishes is its own affair.
server.on("clientError", (_error, socket) => socket.destroy());
server.listen(0, "127.0.0.1", () => process.send(`ws://127.0.0.1:${server.address().port}`));
process.once("disconnect", () => process.exit());

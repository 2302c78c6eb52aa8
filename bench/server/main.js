// The server of all workloads, in a process of its own. It knows no more of WebSockets than they need, so as to cost less than its clients.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { serve } from "../process/child.js";
import { echo } from "./echo.js";
import { flood } from "./flood.js";
import { group } from "./group.js";
import { sink } from "./sink.js";

/** What becomes of a socket, by the path it was opened with: each returns what takes the bytes that come. */
const behaviours = { "/echo": echo, "/flood": flood, "/sink": sink, "/group": group };

const server = createServer();
server.on("upgrade", (request, socket) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.setNoDelay(true);
  // A client that goes away is its own affair.
  socket.on("error", () => socket.destroy());
  socket.on("end", () => socket.destroy());
  socket.on("data", behaviours[pathname](socket, searchParams));
});
server.listen(0, "127.0.0.1");

await serve({
  address: () => `ws://127.0.0.1:${server.address().port}`,
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
});

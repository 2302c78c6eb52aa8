import { createFrame, createFrameReader, opcodes } from "./frames.js";
import { pace } from "./pace.js";
import { rotate } from "./rotate.js";

/** Sockets that belong together, by the name of their group. */
const groups = new Map();

const tasks = { pace, rotate };

/**
 * A member of a group of sockets. `role=control` makes it the one that starts tasks, with JSON such as `{ "task": "rotate", … }`, and is told
 * the result; the others answer events with the event's number.
 */
export function group(socket, query) {
  const name = query.get("name");
  const members = groups.get(name) ?? { sockets: [], answered: () => {} };
  groups.set(name, members);
  if (query.get("role") === "control") {
    socket.once("close", () => groups.delete(name));
    return createFrameReader(socket, (text) => {
      const { task, ...options } = JSON.parse(text);
      tasks[task](members, options, (result) => {
        socket.write(createFrame(opcodes.text, Buffer.from(JSON.stringify(result))));
      });
    });
  }
  members.sockets.push(socket);
  socket.once("close", () => members.sockets.splice(members.sockets.indexOf(socket), 1));
  return createFrameReader(socket, (text) => members.answered(Number(text)));
}

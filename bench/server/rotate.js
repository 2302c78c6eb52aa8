import { createEvent } from "./event-message.js";

/** Sends `count` events, one at a time and to one socket after the other, each when the one before has been answered. */
export function rotate(members, { count }, done) {
  let sent = 0;
  function send() {
    const socket = members.sockets[sent % members.sockets.length];
    sent += 1;
    socket.write(createEvent(sent, true));
  }
  members.answered = () => {
    if (sent < count) send();
    else done({ messages: count });
  };
  send();
}

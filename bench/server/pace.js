import { createEvent } from "./event-message.js";

/** Longest time to wait for answers that are missing at the end, in milliseconds. */
const patience = 10_000;

/**
 * Sends events at a rate, to one socket after the other, and measures how long the answers take: from the moment when an event was due. Each
 * `answerEvery`th is answered.
 *
 * @param options `perSecond`, `milliseconds`, `answerEvery`
 * @param done is told `messages`, and `delays` in milliseconds
 */
export function pace(members, { perSecond, milliseconds, answerEvery }, done) {
  const unanswered = Array.from({ length: 64 }, (_, index) => createEvent(index, false));
  const total = Math.floor((perSecond * milliseconds) / 1_000);
  const dueTimes = new Map();
  const delays = [];
  const start = performance.now();
  let sent = 0;

  function send() {
    const elapsed = performance.now() - start;
    const due = Math.min(total, Math.floor((elapsed * perSecond) / 1_000));
    while (sent < due) {
      const socket = members.sockets[sent % members.sockets.length];
      const isAnswered = sent % answerEvery === 0;
      if (isAnswered) dueTimes.set(sent, start + ((sent + 1) * 1_000) / perSecond);
      socket.write(isAnswered ? createEvent(sent, true) : unanswered[sent % unanswered.length]);
      sent += 1;
    }
    if (sent < total) setTimeout(send, 1);
    else finish();
  }

  function finish() {
    const now = performance.now();
    if (dueTimes.size > 0 && now - start < milliseconds + patience) {
      setTimeout(finish, 5);
      return;
    }
    // What has not been answered has waited until now.
    members.answered = () => {};
    for (const due of dueTimes.values()) delays.push(now - due);
    done({ messages: total, delays });
  }

  members.answered = (id) => {
    const due = dueTimes.get(id);
    dueTimes.delete(id);
    delays.push(performance.now() - due);
  };
  send();
}

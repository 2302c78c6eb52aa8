import { createFrame, createFrameReader, opcodes } from "./frames.js";

/** Counts messages, and tells after every `burst` of them. */
export function sink(socket, query) {
  const burst = Number(query.get("burst"));
  const answer = createFrame(opcodes.text, Buffer.from(String(burst)));
  let count = 0;
  function message() {
    count += 1;
    if (count % burst === 0) socket.write(answer);
  }
  return createFrameReader(socket, message, 0);
}

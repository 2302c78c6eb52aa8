import { once } from "node:events";
import { createFrame, createFrameReader, opcodes } from "./frames.js";
import { createStateMessage } from "./state-message.js";

/** Bytes that are written at once, if messages are not larger. */
const blockBytes = 2 ** 18;

/** Sends as many messages as a text message asks for, from a block of frames made before. */
export function flood(socket, query) {
  const frames = createFrames(query.get("kind"), Number(query.get("size")));
  const block = Buffer.concat(frames);
  const frameBytes = frames[0].length;

  async function send(count) {
    let left = count;
    while (left > 0 && socket.writable) {
      const part = Math.min(left, frames.length);
      left -= part;
      if (!socket.write(block.subarray(0, part * frameBytes))) await once(socket, "drain");
    }
  }
  // A socket that fails meanwhile is its client's affair.
  return createFrameReader(socket, (text) => void send(Number(text)).catch(() => {}));
}

/** Frames of one size, to fill a block. */
function createFrames(kind, size) {
  const create = {
    text: () => createFrame(opcodes.text, Buffer.alloc(size, "m")),
    json: (index) => createFrame(opcodes.text, Buffer.from(createStateMessage(100_000 + index))),
    binary: () => createFrame(opcodes.binary, Buffer.alloc(size, 1)),
  }[kind];
  const count = Math.max(1, Math.floor(blockBytes / size));
  return Array.from({ length: count }, (_, index) => create(index));
}

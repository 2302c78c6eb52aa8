import { answerControl, opcodes, readHeader, unmask, writeHeader } from "./frames.js";

const empty = Buffer.alloc(0);

/** Sends every message back, with one write for all that came with one read. */
export function echo(socket) {
  const header = { opcode: 0, length: 0, start: 0 };
  let rest = empty;
  return function read(piece) {
    const input = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    // Without their keys the frames are shorter.
    const output = Buffer.allocUnsafeSlow(input.length);
    let from = 0;
    let to = 0;
    while (readHeader(input, from, header) && header.start + header.length <= input.length) {
      if (header.opcode === opcodes.text || header.opcode === opcodes.binary) {
        to = writeHeader(output, to, header.opcode, header.length);
        unmaskInto(output, to, input, header);
        to += header.length;
      } else {
        answerControl(socket, header.opcode, unmask(input, header));
      }
      from = header.start + header.length;
    }
    rest = input.subarray(from);
    if (to > 0 && !socket.writableEnded) socket.write(output.subarray(0, to));
  };
}

/** Four bytes at a time: the server must not be slower than its client. */
function unmaskInto(output, to, input, { start, length }) {
  const source = new DataView(input.buffer, input.byteOffset, input.length);
  const target = new DataView(output.buffer, output.byteOffset, output.length);
  const key = source.getInt32(start - 4);
  const words = length & ~3;
  for (let index = 0; index < words; index += 4) {
    target.setInt32(to + index, source.getInt32(start + index) ^ key);
  }
  for (let index = words; index < length; index += 1) {
    output[to + index] = input[start + index] ^ input[start - 4 + (index & 3)];
  }
}

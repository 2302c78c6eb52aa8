const empty = Buffer.alloc(0);

/** Opcodes of frames. */
export const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** A frame as a server sends it: whole and not masked. */
export function createFrame(opcode, payload) {
  const { length } = payload;
  const header = Buffer.alloc(headerSize(length));
  writeHeader(header, 0, opcode, length);
  return Buffer.concat([header, payload]);
}

/** Writes the header of a frame that is not masked; returns the offset of its payload. */
export function writeHeader(buffer, offset, opcode, length) {
  buffer[offset] = 0x80 | opcode;
  if (length < 126) {
    buffer[offset + 1] = length;
  } else if (length < 65_536) {
    buffer[offset + 1] = 126;
    buffer.writeUInt16BE(length, offset + 2);
  } else {
    buffer[offset + 1] = 127;
    buffer.writeBigUInt64BE(BigInt(length), offset + 2);
  }
  return offset + headerSize(length);
}

/**
 * Reads the header of a masked frame into `header`: `opcode`, `length`, and `start`, the offset of the payload, before which is the key.
 *
 * @returns whether the whole header was there
 */
export function readHeader(buffer, offset, header) {
  if (buffer.length < offset + 6) return false;
  const short = buffer[offset + 1] & 0x7f;
  const size = headerSize(short === 127 ? 65_536 : short) + 4;
  if (buffer.length < offset + size) return false;
  header.opcode = buffer[offset] & 0x0f;
  header.length = short;
  if (short === 126) header.length = buffer.readUInt16BE(offset + 2);
  if (short === 127) header.length = Number(buffer.readBigUInt64BE(offset + 2));
  header.start = offset + size;
  return true;
}

/**
 * Makes a function that takes what a client sends, piece by piece, and calls `message(text)` for each message: without a text where it is
 * binary or longer than `longestText`; then it is skipped without being looked at. Pings and closing are answered.
 */
export function createFrameReader(socket, message, longestText = 125) {
  const header = { opcode: 0, length: 0, start: 0 };
  let rest = empty;
  /** What is still to come of a message that is skipped. */
  let skip = 0;

  function take(opcode, payload) {
    if (opcode === opcodes.text || opcode === opcodes.binary) message(payload?.toString());
    else answerControl(socket, opcode, payload);
  }
  return function read(piece) {
    if (skip > piece.length) {
      skip -= piece.length;
      return;
    }
    let offset = skip;
    if (skip > 0) message();
    skip = 0;
    const buffer = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    rest = empty;
    while (readHeader(buffer, offset, header)) {
      const { opcode, length, start } = header;
      const isRead =
        opcode !== opcodes.binary && (opcode !== opcodes.text || length <= longestText);
      if (start + length > buffer.length) {
        if (isRead) break;
        skip = start + length - buffer.length;
        return;
      }
      take(opcode, isRead ? unmask(buffer, header) : undefined);
      offset = start + length;
    }
    rest = buffer.subarray(offset);
  };
}

/** Answers a ping or a close frame. */
export function answerControl(socket, opcode, payload) {
  if (opcode === opcodes.ping) socket.write(createFrame(opcodes.pong, payload));
  if (opcode === opcodes.close) socket.end(createFrame(opcodes.close, payload));
}

/** The payload of a frame whose header has been read. */
export function unmask(buffer, { start, length }) {
  const payload = Buffer.alloc(length);
  for (let index = 0; index < length; index += 1) {
    payload[index] = buffer[start + index] ^ buffer[start - 4 + (index & 3)];
  }
  return payload;
}

function headerSize(length) {
  if (length < 126) return 2;
  return length < 65_536 ? 4 : 10;
}

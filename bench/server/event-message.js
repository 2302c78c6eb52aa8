import { createFrame, opcodes } from "./frames.js";

/** The frame of an event as a hub sends it to everyone. */
export function createEvent(id, isAnswered) {
  const event = {
    type: "event",
    id,
    isAnswered,
    room: "kitchen",
    device: "lamp-7",
    state: { isOn: id % 2 === 0, brightness: 0.75, temperature: 21.5 },
  };
  return createFrame(opcodes.text, Buffer.from(JSON.stringify(event)));
}

const length = 1_024;

/** A state as a hub sends it: JSON of 1,024 characters. `id` has six digits. */
export function createStateMessage(id) {
  const lamps = [];
  for (let lamp = 0; lamp < 9; lamp += 1) {
    lamps.push({
      id: `lamp-${lamp}`,
      isOn: (id + lamp) % 2 === 0,
      brightness: 0.25 + lamp / 16,
      colour: [255, 204, lamp],
      name: "by the window",
    });
  }
  const state = { type: "state", id, room: "kitchen", temperature: 21.5, note: "", lamps };
  state.note = "n".repeat(length - JSON.stringify(state).length);
  return JSON.stringify(state);
}

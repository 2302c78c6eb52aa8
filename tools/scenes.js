// What `npm start <system>` shows: a device script against its simulator on a real port, and what happens at the device meanwhile.
import {
  createClownHub,
  createDeconz,
  createEcho,
  createNetzer,
  createTurbulenzChat,
} from "../dist/simulators/index.js";

/**
 * For each system its device, the script, its values and options by the server, and the play: `says(text)` waits for the script to
 * print something, `happens(what, how)` lets the device do something.
 */
export const scenes = {
  netzer: {
    script: "netzer.js",
    createDevice: () => createNetzer(),
    args: (device, { origin }) => [`${origin}${device.path}`, "4"],
    async play(device, { says, happens }) {
      await says("IO0 is 0");
      happens("IO0 rises", () => device.setInput(0, true));
      await says("IO0 is 1");
      happens("the power goes and comes back", () => device.powerCycle());
      await says("IO0 is 0");
      happens("IO0 rises", () => device.setInput(0, true));
    },
  },
  "clown-hub": {
    script: "clown-hub.js",
    // Readings come when the scene wants them.
    createDevice: () => createClownHub({ publishInterval: 3_600_000 }),
    args: (device, { origin }) => [device.url(origin), "22.5", "3"],
    async play(device, { says, happens }) {
      await says("Connected");
      happens("21 ℃ are measured", () => device.measure("temperature", 21));
      await says("The heating is on");
      happens("22.5 ℃ are measured", () => device.measure("temperature", 22.5));
      await says("The heating is off");
      happens("22.8 ℃ are measured", () => device.measure("temperature", 22.8));
    },
  },
  deconz: {
    script: "deconz.js",
    createDevice: () => createDeconz(),
    args: (device, { httpOrigin }) => [httpOrigin, device.apiKey, "0.5", "3"],
    // HTTP at one port, WebSockets at another.
    grants: ({ httpOrigin, furtherOrigins }) => [httpOrigin, ...furtherOrigins],
    async play(device, { says, happens }) {
      await says("Listening");
      happens("button 1 is pressed", () => device.press(1));
      await says("Button 1");
      happens("the connection dies without a word", () => device.goSilent());
      happens("button 2 is pressed, and nobody hears it", () => device.press(2));
      await says("Listening");
      happens("button 2 is pressed again", () => device.press(2));
      await says("Button 2");
      happens("somebody comes in", () => device.presence(true));
    },
  },
  "turbulenz-chat": {
    script: "turbulenz-chat.js",
    options: { globals: ["timers", "console", "turbulenz"], delivery: "update" },
    createDevice: createAnsweringChat,
    args: (device, { origin }) => [`${origin}${device.path}`, "ada", "Is anybody here?", "Bye"],
    play: async () => {},
  },
  echo: {
    script: "echo.js",
    createDevice: () => createEcho(),
    args: (_device, { origin }) => [`${origin}/`, "hello", "grüß dich"],
    play: async () => {},
  },
};

/** A chat where somebody answers the question. */
function createAnsweringChat() {
  const chat = createTurbulenzChat({ names: ["grace"] });
  const { connect } = chat;
  return Object.assign(chat, {
    connect(peer) {
      connect(peer);
      const { onmessage } = peer;
      peer.onmessage = (data) => {
        onmessage(data);
        if (data.includes("anybody")) chat.say("grace", "Hello, ada");
      };
    },
  });
}

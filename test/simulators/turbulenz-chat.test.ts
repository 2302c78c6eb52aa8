import fc from "fast-check";
import { expect, test } from "vitest";
import { createTurbulenzChat, type TurbulenzChat } from "../../src/simulators/turbulenz-chat.ts";
import { connectTo, type SimulatedClient } from "../support/simulated-client.ts";

const url = "ws://chat.test/chat";

function enter(chat: TurbulenzChat, name: string): SimulatedClient {
  const client = connectTo(chat, url, { protocols: ["chat"] });
  client.send(JSON.stringify({ type: "join", name }));
  return client;
}

test("who joins is welcomed, and everybody hears what is said", () => {
  const chat = createTurbulenzChat({ names: ["ada"] });
  const grace = enter(chat, "grace");
  const linus = enter(chat, "linus");

  linus.send('{"type": "say", "text": "hi"}');
  chat.say("ada", "hello");
  linus.close();
  chat.leave("ada");

  expect(grace.messages).toEqual([
    { type: "welcome", names: ["ada", "grace"] },
    { type: "joined", name: "linus" },
    { type: "said", name: "linus", text: "hi" },
    { type: "said", name: "ada", text: "hello" },
    { type: "left", name: "linus" },
    { type: "left", name: "ada" },
  ]);
  expect(chat.names).toEqual(["grace"]);
});

test("a name that is taken gets a number", () => {
  const chat = createTurbulenzChat();
  enter(chat, "ada");
  enter(chat, "ada");
  enter(chat, " ");

  expect(chat.names).toEqual(["ada", "ada 2", "somebody"]);
});

test("the handshake is refused at another path, with other subprotocols, and when it is full", () => {
  const chat = createTurbulenzChat({ maxClients: 1 });
  const refused = [
    connectTo(chat, "ws://chat.test/"),
    connectTo(chat, url, { protocols: ["other"] }),
  ];
  const taken = connectTo(chat, url, { protocols: ["other", "chat"] });

  expect(refused.map(({ state }) => state)).toEqual([404, 400]);
  expect([taken.protocol, connectTo(chat, url).state]).toEqual(["chat", 503]);
});

test("kick() closes with 4001, restart() everybody with 1012, a long text with 1009", () => {
  const chat = createTurbulenzChat({ maxTextLength: 5 });
  const [ada, grace, linus] = [enter(chat, "ada"), enter(chat, "grace"), enter(chat, "linus")];

  chat.kick("ada");
  grace.send('{"type": "say", "text": "123456"}');
  chat.restart();

  expect([ada, grace, linus].map(({ code }) => code)).toEqual([4001, 1009, 1012]);
});

test("what is no message of the chat is ignored", () => {
  const chat = createTurbulenzChat();
  const client = connectTo(chat, url);

  client.send('{"type": "say", "text": "before joining"}');
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      client.send(text);
      expect(client.texts).toEqual([]);
    }),
  );
});

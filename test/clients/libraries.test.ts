import { describe, expect, test } from "vitest";
import { startAedes } from "./servers/aedes.ts";
import { startEcho } from "./servers/echo.ts";
import { startGraphQl } from "./servers/graphql.ts";
import { startHomeAssistant } from "./servers/home-assistant.ts";
import { startPhoenix, startPusher, startSignalR } from "./servers/hubs.ts";
import { startJsonRpc } from "./servers/json-rpc.ts";
import { startMosquitto } from "./servers/mosquitto.ts";
import { startNats } from "./servers/nats.ts";
import { startObs } from "./servers/obs.ts";
import { startRpcWebSockets } from "./servers/rpc-websockets.ts";
import { startEngineIo, startSocketIo } from "./servers/socket.io.ts";
import { startStomp } from "./servers/stomp.ts";
import type { TestServer } from "./servers/test-server.ts";
import { startTrpc } from "./servers/trpc.ts";
import { startYWebSocket } from "./servers/y-websocket.ts";
import { uncleanCloses, isolations, startScript } from "./support/client.ts";

interface Case {
  readonly script: string;
  readonly server: string;
  readonly start: () => Promise<TestServer>;
  readonly args?: readonly string[];
  /** What the script prints between the first messages and the cut, and after it. */
  readonly middle?: readonly string[];
  readonly end?: readonly string[];
  /** Connections that the cut ends. @defaultValue 1 */
  readonly cuts?: number;
  /** Whether the server goes as soon as its own protocol has ended. @defaultValue false */
  readonly isHasty?: boolean;
}

const binary = ["256 bytes intact"];
const again = ["hello again", "closed"];

const cases: readonly Case[] = [
  { script: "reconnecting-websocket.js", server: "an echo server", start: startEcho },
  { script: "partysocket.js", server: "an echo server", start: startEcho },
  { script: "mqtt.js", server: "aedes", start: startAedes, isHasty: true },
  { script: "mqtt.js", server: "mosquitto", start: startMosquitto, isHasty: true },
  { script: "paho-mqtt.js", server: "aedes", start: startAedes, isHasty: true },
  { script: "paho-mqtt.js", server: "mosquitto", start: startMosquitto, isHasty: true },
  { script: "socket.io.js", server: "its own server", start: startSocketIo },
  { script: "engine.io.js", server: "its own server", start: startEngineIo },
  { script: "stompjs.js", server: "a STOMP broker", start: startStomp },
  {
    script: "graphql-ws.js",
    server: "its own server",
    start: startGraphQl,
    middle: ["hello"],
  },
  {
    script: "nats-core.js",
    server: "nats-server",
    start: startNats,
    isHasty: true,
    middle: [...binary, "ANSWERED"],
  },
  {
    script: "home-assistant.js",
    server: "the API of Home Assistant",
    start: startHomeAssistant,
    middle: ["light is on"],
    end: ["light is off", "closed"],
  },
  {
    script: "rpc-websockets.js",
    server: "its own server",
    start: startRpcWebSockets,
    middle: ["sum is 5", "refused: Method not found"],
    end: ["sum is 50", "closed"],
  },
  {
    script: "y-websocket.js",
    server: "its own server",
    start: startYWebSocket,
    cuts: 2,
  },
  ...["json", "msgpack"].map((encoding) => ({
    script: "obs-websocket.js",
    server: `OBS, in ${encoding}`,
    start: startObs,
    args: [encoding],
    middle: ["2 scenes, now Garden", "refused 204 The request type Sleep is unknown."],
    end: ["closed"],
  })),
  {
    script: "json-rpc-2.0.js",
    server: "its own server",
    start: startJsonRpc,
    middle: ["sum is 5", "hello, device", "-32601 Method not found"],
    end: ["sum is 50", "closed"],
  },
  {
    script: "trpc.js",
    server: "its own server",
    start: startTrpc,
    middle: ["hello, device"],
    end: ["hello, device", "closed"],
  },
  { script: "phoenix.js", server: "a Phoenix channel", start: startPhoenix },
  {
    script: "signalr.js",
    server: "a SignalR hub",
    start: startSignalR,
    middle: ["ANSWERED"],
    end: ["HELLO AGAIN", "closed"],
  },
  {
    script: "pusher.js",
    server: "a Pusher application",
    start: startPusher,
    middle: [],
    end: ["closed"],
  },
];

describe.each(isolations)("With isolation %s", (isolation) => {
  test.each(cases)(
    "$script talks to $server, is cut off, comes back and leaves nothing behind",
    async ({
      script,
      start,
      args = [],
      middle = binary,
      end = again,
      cuts = 1,
      isHasty = false,
    }) => {
      const server = await start();
      const client = await startScript(script, isolation, server.url, ...args);

      await client.printed("cut me");
      await server.cut();
      await client.finished();

      expect(client.lines).toEqual([
        expect.stringMatching(/^connected/),
        "1000 messages in order",
        ...middle,
        "cut me",
        "disconnected",
        "connected again",
        ...end,
      ]);
      const lost = uncleanCloses(client);
      expect(lost.slice(0, cuts)).toEqual(Array(cuts).fill("ERR_CONNECTION_LOST"));
      // These servers end a connection without a closing handshake when the client has said goodbye.
      expect(lost.length).toBeLessThanOrEqual(isHasty ? cuts + 1 : cuts);
    },
  );
});

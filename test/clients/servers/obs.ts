import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import type { WebSocket } from "ws";
import { serveWebSockets, type JsonMessage, type TestServer } from "./test-server.ts";

const { decode, encode } = createRequire(import.meta.url)("@msgpack/msgpack") as {
  readonly decode: (data: Uint8Array) => unknown;
  readonly encode: (value: unknown) => Uint8Array;
};

const salt = "c2FsdA==";
const challenge = "Y2hhbGxlbmdl";

/**
 * The part of OBS Studio that answers its WebSocket, version 5: Hello, Identify with a password, requests, events; in JSON or in
 * MessagePack, by the subprotocol.
 *
 * @see https://github.com/obsproject/obs-websocket/blob/master/docs/generated/protocol.md
 */
export function startObs(): Promise<TestServer> {
  return serveWebSockets(serveObs, {
    handleProtocols: (protocols) =>
      ["obswebsocket.msgpack", "obswebsocket.json"].find((name) => protocols.has(name)) ?? false,
  });
}

function serveObs(socket: WebSocket): void {
  const isBinary = socket.protocol === "obswebsocket.msgpack";
  let isIdentified = false;
  const send = (op: number, d: object): void =>
    socket.send(isBinary ? encode({ op, d }) : JSON.stringify({ op, d }));
  const event = (eventType: string, eventData: unknown): void =>
    send(5, { eventType, eventIntent: 1, eventData });
  send(0, {
    obsWebSocketVersion: "5.5.0",
    rpcVersion: 1,
    authentication: { challenge, salt },
  });
  socket.on("message", (data: Buffer) => {
    const { op, d } = (isBinary ? decode(data) : JSON.parse(String(data))) as {
      readonly op: number;
      readonly d: JsonMessage;
    };
    if (op === 1 && d["authentication"] === expectedAuthentication()) {
      isIdentified = true;
      send(2, { negotiatedRpcVersion: d["rpcVersion"] });
    } else if (op === 6 && isIdentified) {
      answer(d);
    } else {
      socket.close(isIdentified ? 4006 : 4009, "Authentication failed.");
    }
  });

  function answer({ requestType, requestId, requestData }: JsonMessage): void {
    const respond = (code: number, responseData: object, comment?: string): void =>
      send(7, {
        requestType,
        requestId,
        requestStatus: { result: code === 100, code, comment },
        responseData,
      });
    const given = (requestData ?? {}) as JsonMessage;
    switch (requestType) {
      case "BroadcastCustomEvent":
        event("CustomEvent", given["eventData"]);
        return respond(100, {});
      case "GetSceneList":
        return respond(100, { scenes: [{ sceneName: "Studio" }, { sceneName: "Garden" }] });
      case "SetCurrentProgramScene":
        event("CurrentProgramSceneChanged", { sceneName: given["sceneName"] });
        return respond(100, {});
      default:
        return respond(204, {}, `The request type ${String(requestType)} is unknown.`);
    }
  }
}

function expectedAuthentication(): string {
  const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64");
  return sha256(sha256(`secret${salt}`) + challenge);
}

import { describe, expect, test } from "vitest";
import { createDeconz, type Deconz } from "../../src/simulators/deconz.ts";
import type { SimulatedResponse } from "../../src/simulators/simulator.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { connectTo, type SimulatedClient } from "../support/simulated-client.ts";

async function request(
  deconz: Deconz,
  path: string,
  method = "GET",
): Promise<SimulatedResponse | undefined> {
  const url = new URL(path, "http://gateway.test");
  const body = new Uint8Array();
  return deconz.request({ method, url, headers: {}, body, clock: createManualClock() });
}

async function config(deconz: Deconz): Promise<unknown> {
  const response = await request(deconz, `/api/${deconz.apiKey}/config`);
  return JSON.parse(String(response?.body));
}

function listen(deconz: Deconz): SimulatedClient {
  return connectTo(deconz.ports[0].simulator, "ws://gateway.test:443/");
}

describe("the REST half of a deCONZ gateway", () => {
  test("tells the port of its WebSockets, whatever it is", async () => {
    const deconz = createDeconz({ websocketPort: 20877, websocketPortWss: 443 });
    const before = await config(deconz);
    deconz.ports[0].port = 8088;

    expect(before).toEqual({
      name: "Simulated gateway",
      websocketport: 20877,
      websocketnotifyall: true,
      websocketport_wss: 443,
    });
    expect(await config(deconz)).toMatchObject({ websocketport: 8088 });
  });

  test.each([
    ["/api/wrong/config", "GET", 403, 1, "/config", "unauthorized user"],
    ["/api/0123456789/x/y", "GET", 404, 3, "/x/y", "resource, /x/y, not available"],
    [
      "/api/0123456789/config",
      "PATCH",
      405,
      4,
      "/config",
      "method, PATCH, not available for resource, /config",
    ],
  ])("%s with %s is answered with %i", async (path, method, status, type, address, description) => {
    const response = await request(createDeconz(), path, method);

    expect(response?.status).toBe(status);
    expect(JSON.parse(String(response?.body))).toEqual([{ error: { type, address, description } }]);
  });

  test("is answered with 503 while it is not available, and with 404 elsewhere", async () => {
    const deconz = createDeconz({ unavailableErrorType: 11 });
    deconz.setAvailable(false);
    const unavailable = await request(deconz, "/api/0123456789/config");
    deconz.powerCycle();

    expect(unavailable?.status).toBe(503);
    expect(String(unavailable?.body)).toContain('"type":11');
    expect((await request(deconz, "/api/0123456789/config"))?.status).toBe(200);
    expect((await request(deconz, "/"))?.status).toBe(404);
  });

  test("takes no WebSocket at its own port", () => {
    expect(connectTo(createDeconz(), "ws://gateway.test/").state).toBe(404);
  });
});

describe("the events of a deCONZ gateway", () => {
  test("go to every client, one message for each attribute object", () => {
    const deconz = createDeconz({ uniqueIds: { "sensors/2": "00:15-01" } });
    const clients = [listen(deconz), listen(deconz)];

    deconz.buttonEvent(2002);
    deconz.presence(true);
    deconz.change("lights", "7", { state: { on: true }, config: { group: 1 } });
    deconz.lastSeen("lights", "7", "2026-01-01T00:00Z");

    expect(clients[1]?.texts).toEqual(clients[0]?.texts);
    expect(clients[0]?.messages).toEqual([
      {
        t: "event",
        e: "changed",
        r: "sensors",
        id: "2",
        uniqueid: "00:15-01",
        state: { buttonevent: 2002 },
      },
      { t: "event", e: "changed", r: "sensors", id: "3", state: { presence: true } },
      { t: "event", e: "changed", r: "lights", id: "7", state: { on: true } },
      { t: "event", e: "changed", r: "lights", id: "7", config: { group: 1 } },
      { t: "event", e: "changed", r: "lights", id: "7", attr: { lastseen: "2026-01-01T00:00Z" } },
    ]);
  });

  test("a press, a hold and its release have their codes", () => {
    const deconz = createDeconz();
    const client = listen(deconz);

    deconz.press();
    deconz.hold(2);
    deconz.release(2);

    expect(client.messages).toMatchObject([1002, 2001, 2003].map(buttonState));
  });

  test("added, deleted and scene-called have the members that are known", () => {
    const deconz = createDeconz();
    const client = listen(deconz);

    deconz.add("sensors", "9", { name: "Door" });
    deconz.add("groups", "4");
    deconz.remove("sensors", "9");
    deconz.recallScene("4", "1");

    expect(client.messages).toEqual([
      { t: "event", e: "added", r: "sensors", id: "9", sensor: { name: "Door" } },
      { t: "event", e: "added", r: "groups", id: "4" },
      { t: "event", e: "deleted", r: "sensors", id: "9" },
      { t: "event", e: "scene-called", r: "scenes", gid: "4", scid: "1" },
    ]);
  });

  test("what clients send is ignored, and without websocketnotifyall only states are told", () => {
    const deconz = createDeconz({ websocketNotifyAll: false });
    const client = listen(deconz);

    client.send("hello");
    deconz.change("lights", "1", { config: {}, attr: {} });
    deconz.presence(false);

    expect(client.messages).toHaveLength(1);
  });

  test("unplugging silences both halves", async () => {
    const deconz = createDeconz();
    const client = listen(deconz);
    deconz.unplug();
    const answer = Promise.race([config(deconz), Promise.resolve("no answer yet")]);

    expect([client.isSilent, listen(deconz).state]).toEqual([true, "waiting"]);
    expect(await answer).toBe("no answer yet");
  });
});

function buttonState(buttonevent: number): object {
  return { state: { buttonevent } };
}

import { describe, expect, test } from "vitest";
import { allowAll } from "../../src/policy/allow-all.ts";
import type { Har } from "../../src/recording/har-format.ts";
import { parseHar } from "../../src/recording/parse-har.ts";
import { recordHar } from "../../src/recording/record-har.ts";
import { type Replay, replayPeers } from "../../src/recording/replay-peers.ts";
import type { Simulator } from "../../src/simulators/simulator.ts";
import type { TestSandbox } from "../../src/testing/driven-sandbox.ts";
import { createTestSandbox } from "../../src/testing/test-sandbox.ts";

/** A gateway that gives out a key, wants it in the path, and moves once. */
const gateway: Simulator = {
  async request({ method, url, body, clock }) {
    await new Promise<void>((resolve) => {
      clock.schedule(resolve, 30);
    });
    const text = new TextDecoder().decode(body);
    if (url.pathname === "/api" && method === "POST") {
      return json([{ success: { username: "8A9C3F2B11", for: JSON.parse(text).devicetype } }]);
    }
    if (url.pathname === "/api/8A9C3F2B11/old") {
      return { status: 307, headers: { Location: "/api/8A9C3F2B11/lights?token=s3cret" } };
    }
    if (url.pathname === "/api/8A9C3F2B11/lights") return json({ on: true });
    if (url.pathname === "/image") return { body: Uint8Array.of(0xff, 0xd8) };
    return { status: 404 };
  },
};

function json(value: unknown): { readonly headers: Record<string, string>; readonly body: string } {
  const headers = { "Content-Type": "application/json", "Set-Cookie": "session=s3cret" };
  return { headers, body: JSON.stringify(value) };
}

const script = `
  (async () => {
    const headers = { Authorization: "Bearer s3cret-s3cret" };
    const post = await fetch("http://hub.test/api", { method: "POST", headers, body: JSON.stringify({ devicetype: "x" }) });
    const [{ success: { username } }] = await post.json();
    const lights = await fetch("http://hub.test/api/" + username + "/old");
    console.log(lights.url.endsWith("token=s3cret") || lights.url.endsWith("token=REDACTED"), (await lights.json()).on);
    const image = await fetch("http://hub.test/image", { method: "PUT", body: new Uint8Array([0, 255]) });
    console.log(new Uint8Array(await image.arrayBuffer()).join(), performance.now());
    const gone = await fetch("http://hub.test/gone");
    console.log(gone.status);
  })();
`;

async function run(
  peers: Readonly<Record<string, Simulator>>,
  replay?: Replay,
  source = script,
): Promise<{ readonly har: Har; readonly sandbox: TestSandbox }> {
  const recorder = recordHar({ startedAt: new Date("2026-03-02T09:14:20.000Z") });
  await using sandbox = await createTestSandbox({
    peers,
    policy: allowAll,
    observe(event) {
      recorder.observe(event);
      replay?.observe(event);
    },
  });
  await sandbox.run(source);
  await sandbox.idle();
  return { har: recorder.har(), sandbox };
}

test("Requests are recorded as a browser does, one entry for each redirect, without their secrets", async () => {
  const { har, sandbox } = await run({ "http://hub.test": gateway });

  expect(sandbox.lines).toEqual(["true true", "255,216 120", "404"]);
  expect(JSON.stringify(har)).not.toMatch(/s3cret|8A9C3F2B11/);
  expect(
    har.log.entries.map(({ _resourceType, request, response, time }) => [
      `${_resourceType} ${request.method} ${request.url}`,
      request.postData?.text,
      `${response.status} ${response.content.text} ${response.redirectURL}`.trimEnd(),
      time,
    ]),
  ).toEqual([
    [
      "fetch POST http://hub.test/api",
      '{"devicetype":"x"}',
      '200 [{"success":{"username":"REDACTED","for":"x"}}]',
      30,
    ],
    [
      "fetch GET http://hub.test/api/REDACTED/old",
      undefined,
      "307  /api/REDACTED/lights?token=REDACTED",
      30,
    ],
    [
      "fetch GET http://hub.test/api/REDACTED/lights?token=REDACTED",
      undefined,
      '200 {"on":true}',
      30,
    ],
    ["fetch PUT http://hub.test/image", "AP8=", "200 /9g=", 30],
    ["fetch GET http://hub.test/gone", undefined, "404", 30],
  ]);
  expect(har.log.entries[0]?.request.headers).toContainEqual({
    name: "Authorization",
    value: "REDACTED",
  });
});

test("A recording of requests plays: the script says and hears the same, in the same time", async () => {
  const first = await run({ "http://hub.test": gateway });
  const replay = replayPeers(parseHar(JSON.stringify(first.har)));

  const second = await run(replay.peers, replay);

  expect(replay.finish()).toBeUndefined();
  expect(replay.isDone).toBe(true);
  expect(second.sandbox.lines).toEqual(first.sandbox.lines);
  const said = ({ log }: Har): unknown =>
    log.entries.map(({ request, response }) => [
      request.url,
      request.postData,
      response.content.text,
    ]);
  expect(said(second.har)).toEqual(said(first.har));
});

describe("What differs is reported", () => {
  test.each([
    ["another body", script.replace('"x"', '"y"'), '$.devicetype  expected "x", found "y"'],
    [
      "another path",
      script.replace("/image", "/picture"),
      "PUT http://hub.test/picture\n    expected  one of the requests of the recording: POST http://hub.test/api,",
    ],
    [
      "another host",
      "fetch('http://other.test/').catch(() => {});",
      "GET http://other.test/\n    expected  one of the requests of the recording",
    ],
    ["less", "0", "POST http://hub.test/api\n    expected  the request; 5 of 5"],
  ])("%s", async (_what, source, report) => {
    const { har } = await run({ "http://hub.test": gateway });
    const replay = replayPeers(parseHar(JSON.stringify(har)));

    await run(replay.peers, replay, source);

    expect(replay.finish()?.report).toContain(report);
  });
});

test("A request that failed fails again", async () => {
  const source = `fetch("http://hub.test/").catch((error) => console.log(error.name));`;
  const { har } = await run({ "http://hub.test": { request: () => undefined } }, undefined, source);
  const replay = replayPeers(parseHar(JSON.stringify(har)));

  const { sandbox } = await run(replay.peers, replay, source);

  expect(har.log.entries[0]?.response).toMatchObject({ status: 0, _error: "ERR_CONNECTION_LOST" });
  expect(sandbox.lines).toEqual(["TypeError"]);
  expect(replay.finish()).toBeUndefined();
});

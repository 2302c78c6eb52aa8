import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SandboxEvent } from "../../src/events.ts";
import { parseHar } from "../../src/recording/parse-har.ts";
import { recordHar, type RecordHarOptions } from "../../src/recording/record-har.ts";
import type { RecordedEvent } from "../../src/recording/recording.ts";

const startedAt = new Date("2026-03-02T09:14:20.000Z");

/** What a recorder makes of events, as it is read again. */
function recorded(
  events: readonly SandboxEvent[],
  options: RecordHarOptions = {},
): ReturnType<typeof parseHar> {
  const recorder = recordHar({ startedAt, ...options });
  for (const event of events) recorder.observe(event);
  return parseHar(JSON.stringify(recorder.har()));
}

const connecting: SandboxEvent = {
  type: "connecting",
  time: 5,
  connection: 1,
  url: "ws://lamp.test/ws",
  protocols: [],
};
const open: SandboxEvent = {
  type: "open",
  time: 12.5,
  connection: 1,
  protocol: "",
  extensions: "",
};

test("An archive has the fields that HAR 1.2 asks for and the messages where developer tools look", () => {
  const recorder = recordHar({ startedAt });
  recorder.observe({ ...connecting, protocols: ["v2", "v1"], url: "ws://lamp.test/ws?a=1" });
  recorder.observe({ ...open, protocol: "v2", extensions: "permessage-deflate" });
  recorder.observe({ type: "sent", time: 20, connection: 1, data: "hi" });
  recorder.observe({ type: "received", time: 1_020.25, connection: 1, data: Uint8Array.of(255) });
  recorder.observe({ type: "closing", time: 1_030, connection: 1, code: 1000, reason: "bye" });
  recorder.observe({
    type: "closed",
    time: 1_031,
    connection: 1,
    code: 1000,
    reason: "bye",
    wasClean: true,
  });

  const { log } = recorder.har();

  expect(log).toMatchObject({ version: "1.2", creator: { name: "quickjs-network-device" } });
  expect(log.entries).toEqual([
    {
      _resourceType: "websocket",
      startedDateTime: "2026-03-02T09:14:20.005Z",
      time: 1_026,
      request: {
        method: "GET",
        url: "ws://lamp.test/ws?a=1",
        httpVersion: "HTTP/1.1",
        headers: [
          { name: "Connection", value: "Upgrade" },
          { name: "Upgrade", value: "websocket" },
          { name: "Sec-WebSocket-Version", value: "13" },
          { name: "Sec-WebSocket-Protocol", value: "v2, v1" },
        ],
        queryString: [{ name: "a", value: "1" }],
        cookies: [],
        headersSize: -1,
        bodySize: 0,
      },
      response: {
        status: 101,
        statusText: "Switching Protocols",
        httpVersion: "HTTP/1.1",
        headers: [
          { name: "Connection", value: "Upgrade" },
          { name: "Upgrade", value: "websocket" },
          { name: "Sec-WebSocket-Protocol", value: "v2" },
          { name: "Sec-WebSocket-Extensions", value: "permessage-deflate" },
        ],
        cookies: [],
        content: { size: 0, mimeType: "x-unknown" },
        redirectURL: "",
        headersSize: -1,
        bodySize: -1,
        _transferSize: 0,
        _error: null,
      },
      cache: {},
      timings: {
        blocked: -1,
        dns: -1,
        connect: -1,
        ssl: -1,
        send: 0,
        wait: 7.5,
        receive: 1_018.5,
      },
      _webSocketMessages: [
        { type: "send", opcode: 1, data: "hi", time: 1_772_442_860.02 },
        { type: "receive", opcode: 2, data: "/w==", time: 1_772_442_861.02025 },
        { type: "send", opcode: 8, data: "A+hieWU=", time: 1_772_442_861.03 },
        { type: "receive", opcode: 8, data: "A+hieWU=", time: 1_772_442_861.031 },
      ],
    },
  ]);
});

test("A recording, written and read again, is the same conversation", () => {
  const data = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.uint8Array().map((bytes) => new Uint8Array(bytes)),
  );
  const message = fc.record({
    type: fc.constantFrom("sent", "received"),
    data,
    wait: fc.nat(5_000),
  });

  fc.assert(
    fc.property(fc.array(message), (list) => {
      let time = open.time;
      const events = list.map(({ type, data: content, wait }): RecordedEvent => {
        time += wait / 8;
        return { type, time, data: content };
      });

      const { connections } = recorded(
        [connecting, open, ...events.map((event) => ({ ...event, connection: 1 }) as SandboxEvent)],
        { secrets: true },
      );

      // Archives begin with their first connection.
      const relative = connections[0]?.events.map((event) => ({ ...event, time: event.time + 5 }));
      expect(relative).toEqual(
        events.map((event) => ({ ...event, time: expect.closeTo(event.time, 2) })),
      );
    }),
  );
});

describe("The end of a connection is recorded", () => {
  test.each<[string, readonly SandboxEvent[], Partial<RecordedEvent>]>([
    [
      "by the server",
      [{ type: "closed", time: 20, connection: 1, code: 4_000, reason: "full", wasClean: true }],
      { type: "closed", by: "server", code: 4_000, reason: "full" },
    ],
    [
      "by the script, without a code",
      [
        { type: "closing", time: 20, connection: 1, reason: "" },
        { type: "closed", time: 21, connection: 1, code: 1_005, reason: "", wasClean: true },
      ],
      { type: "closed", by: "client", reason: "" },
    ],
    [
      "by a failure",
      [
        {
          type: "closed",
          time: 20,
          connection: 1,
          code: 1_006,
          reason: "",
          wasClean: false,
          failure: {
            stage: "open",
            code: "ERR_CONNECTION_LOST",
            message: "reset",
            host: "lamp.test:80",
          },
        },
      ],
      { type: "failed", failure: "ERR_CONNECTION_LOST" },
    ],
  ])("%s", (_who, events, expected) => {
    const { connections } = recorded([connecting, open, ...events]);

    expect(connections[0]?.events).toEqual([expect.objectContaining(expected)]);
  });

  test("before it was open, with the status of the answer and the code of the failure", () => {
    const { connections } = recorded([
      connecting,
      {
        type: "closed",
        time: 20,
        connection: 1,
        code: 1_006,
        reason: "",
        wasClean: false,
        failure: {
          stage: "handshake",
          code: "ERR_HANDSHAKE_STATUS",
          message: "401",
          host: "lamp.test:80",
          status: 401,
        },
      },
    ]);

    expect(connections).toMatchObject([
      { status: 401, failure: "ERR_HANDSHAKE_STATUS", events: [] },
    ]);
  });

  test("not at all while it goes on", () => {
    const { connections } = recorded([connecting, open]);

    expect(connections).toMatchObject([{ status: 101, events: [] }]);
  });
});

test("Messages beyond the limit are left out, and the archive says how many", () => {
  const recorder = recordHar({ maxBytes: 204 });
  recorder.observe(connecting);
  recorder.observe(open);
  for (const data of ["ab", "cd", "ef"]) {
    recorder.observe({ type: "received", time: 20, connection: 1, data });
  }

  const { log } = recorder.har();

  expect(log.entries[0]?._webSocketMessages).toHaveLength(2);
  expect(log.comment).toBe("1 messages were left out");
});

test("Secrets are recorded when that is asked for, and by default nowhere", () => {
  const secretive: readonly SandboxEvent[] = [
    { ...connecting, url: "ws://lamp.test/api/0123ABCDEF/ws?token=s3cret" },
    open,
    { type: "sent", time: 20, connection: 1, data: '{"password":"s3cret","on":true}' },
    {
      type: "received",
      time: 20,
      connection: 1,
      data: new TextEncoder().encode('{"apiKey":"s3cret"}'),
    },
    { type: "closing", time: 20, connection: 1, code: 4_000, reason: "token=s3cret" },
  ];
  const record = (secrets: boolean): string => {
    const recorder = recordHar({ secrets });
    for (const event of secretive) recorder.observe(event);
    return JSON.stringify(recorder.har());
  };

  expect(record(true)).toContain("s3cret");
  expect(record(false)).not.toContain("s3cret");
  expect(record(false)).not.toContain("0123ABCDEF");
  expect(record(false)).not.toContain(Buffer.from("s3cret").toString("base64").slice(0, 6));
  expect(record(false)).toContain(String.raw`{\"password\":\"REDACTED\",\"on\":true}`);
});

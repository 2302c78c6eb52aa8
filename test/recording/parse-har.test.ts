import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseHar } from "../../src/recording/parse-har.ts";

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), "utf8");
}

/** An archive with one WebSocket that has the given fields. */
function archive(entry: object): string {
  return JSON.stringify({
    log: { entries: [{ request: { url: "ws://lamp.test/" }, ...entry }] },
  });
}

function messages(...list: readonly object[]): string {
  return archive({ _webSocketMessages: list });
}

describe("What browsers export is read", () => {
  test("from Chromium: messages with their times, subprotocols, bytes in base64, and nothing of the page around them", () => {
    const recording = parseHar(fixture("chromium.har"));

    expect(recording).toEqual({
      startedAt: Date.parse("2026-03-02T09:14:20.100Z"),
      connections: [
        {
          url: "wss://panel.test/live",
          protocols: ["lamp.v2", "lamp.v1"],
          protocol: "lamp.v2",
          started: 250,
          opened: 290,
          status: 101,
          events: [
            { type: "sent", time: 312, data: '{"cmd":"list"}' },
            { type: "received", time: 337.5, data: '{"lamps":[1,2]}' },
            { type: "received", time: 1_400, data: Uint8Array.of(0, 1, 2, 255) },
            { type: "sent", time: 1_650, data: Uint8Array.of(1) },
          ],
          ended: 1_750.25,
        },
      ],
      exchanges: [],
      duration: 1_750.25,
    });
  });

  test("from Firefox: a handshake by https, dates with an offset, control frames, and the close frame with its reason", () => {
    const { connections } = parseHar(fixture("firefox.har"));

    expect(connections).toEqual([
      {
        url: "wss://panel.test/live",
        protocols: [],
        protocol: "",
        started: 0,
        opened: 20,
        status: 101,
        events: [
          { type: "sent", time: 62, data: '{"cmd":"list"}' },
          { type: "received", time: 87.5, data: '{"lamps":[1,2]}' },
          { type: "closed", time: 1_650, by: "server", code: 1000, reason: "bye" },
        ],
        ended: 1_650,
      },
    ]);
  });

  test("with the least that an entry can have", () => {
    const { connections } = parseHar(messages({ type: "receive", data: "hello" }));

    expect(connections).toEqual([
      {
        url: "ws://lamp.test/",
        protocol: "",
        started: 0,
        opened: 0,
        status: 101,
        events: [{ type: "received", time: 0, data: "hello" }],
        ended: 0,
      },
    ]);
  });

  test("with times in milliseconds, and with a clock that was set back", () => {
    const text = archive({
      startedDateTime: "2026-03-02T09:14:20.000Z",
      _webSocketMessages: [
        { type: "sent", time: 1_772_442_861_000, data: "a" },
        { type: "received", time: 1_772_442_860.5, data: "b" },
      ],
    });

    expect(parseHar(text).connections[0]?.events.map(({ time }) => time)).toEqual([1_000, 1_000]);
  });

  test("with an error that the browser showed as the loss of the connection", () => {
    const { connections } = parseHar(
      messages({ type: "error", opcode: -1, data: "Connection reset by peer" }),
    );

    expect(connections[0]?.events).toEqual([
      { type: "failed", time: 0, failure: "ERR_CONNECTION_LOST" },
    ]);
  });

  test("with a handshake that was refused", () => {
    const { connections } = parseHar(
      archive({ response: { status: 401, _error: "net::ERR_INVALID" }, _webSocketMessages: [] }),
    );

    expect(connections).toMatchObject([{ status: 401, failure: "net::ERR_INVALID", events: [] }]);
    expect(connections[0]).not.toHaveProperty("opened");
  });

  test("with bytes that stand there as characters", () => {
    const { connections } = parseHar(
      messages({ type: "receive", opcode: 2, data: "\u0000\u00FF!" }),
    );

    expect(connections[0]?.events).toEqual([
      { type: "received", time: 0, data: Uint8Array.of(0, 255, 33) },
    ]);
  });

  test("with the requests of scripts, decoded, in the order of their start", () => {
    const text = JSON.stringify({
      log: {
        entries: [
          {
            _resourceType: "fetch",
            startedDateTime: "2026-03-02T09:14:21.000Z",
            time: 12,
            request: { method: "put", url: "http://hub.test/api#x", postData: { text: "{}" } },
            response: {
              status: 200,
              headers: [
                { name: "Content-Type", value: "application/json" },
                { name: "content-encoding", value: "gzip" },
                { name: "X-A", value: "1" },
                { name: "x-a", value: "2" },
              ],
              content: { text: "W10=", encoding: "base64" },
            },
          },
          { request: { url: "wss://hub.test/" }, startedDateTime: "2026-03-02T09:14:20.000Z" },
        ],
      },
    });

    expect(parseHar(text).exchanges).toEqual([
      {
        method: "PUT",
        url: "http://hub.test/api",
        started: 1_000,
        sent: "{}",
        status: 200,
        headers: { "content-type": "application/json", "x-a": "1, 2" },
        received: new Uint8Array([91, 93]),
        ended: 1_012,
      },
    ]);
  });
});

describe("What cannot be read is explained", () => {
  test.each([
    ["", "ERR_HAR_SYNTAX", "is not JSON", "line 1, column 1"],
    ['{\n  "log": }', "ERR_HAR_SYNTAX", "is not JSON", "line 2, column 10"],
    ['{"log": {"entries": [', "ERR_HAR_SYNTAX", "is not JSON", "line 1, column 22"],
    ["[]", "ERR_HAR_SHAPE", "is not an HTTP Archive", "got a list without it"],
    ['"har"', "ERR_HAR_SHAPE", "is not an HTTP Archive", 'got "har"'],
    ['{"log":{"entries":{}}}', "ERR_HAR_SHAPE", "log.entries", "an object"],
    ['{"log":{"entries":[null]}}', "ERR_HAR_SHAPE", "log.entries[0]", "got null"],
    ['{"log":{"entries":[{}]}}', "ERR_HAR_SHAPE", "log.entries[0].request.url", "got nothing"],
    [archive({ request: { url: "/relative" } }), "ERR_HAR_SHAPE", "request.url", "absolute URL"],
    [archive({ _webSocketMessages: {} }), "ERR_HAR_SHAPE", "_webSocketMessages", "a list"],
    [messages({ type: "push" }), "ERR_HAR_SHAPE", "_webSocketMessages[0].type", '"push"'],
    [messages({ type: "send", opcode: 3 }), "ERR_HAR_SHAPE", ".opcode", "got 3"],
    [messages({ type: "send", data: 1 }), "ERR_HAR_SHAPE", ".data", "a string"],
    [messages({ type: "send", time: "now" }), "ERR_HAR_SHAPE", ".time", "a number"],
    [messages({ type: "send", opcode: 2, data: "\u{1F4A1}" }), "ERR_HAR_SHAPE", ".data", "base64"],
    ['{"log":{"entries":[]}}', "ERR_HAR_EMPTY", "no WebSocket connection", "no entries"],
    [
      archive({ request: { url: "https://a.test/" } }),
      "ERR_HAR_EMPTY",
      "no WebSocket connection",
      "https://a.test/",
    ],
    [archive({}), "ERR_HAR_EMPTY", "ws://lamp.test/", "_webSocketMessages is missing"],
  ])("%s: %s", (text, code, ...parts) => {
    const read = (): unknown => parseHar(text);

    expect(read).toThrow(expect.objectContaining({ name: "RecordingError", code }));
    for (const part of parts) expect(read).toThrow(part);
  });

  test("A text and a conversation at their limits are read, and one beyond is not", () => {
    const text = messages({ type: "send", data: "a" }, { type: "send", data: "b" });

    expect(parseHar(text, { maxLength: text.length, maxMessages: 2 }).connections).toHaveLength(1);
    expect(() => parseHar(text, { maxLength: text.length - 1 })).toThrow(
      `expected at most ${text.length - 1} characters, got ${text.length}`,
    );
    expect(() => parseHar(text, { maxMessages: 1 })).toThrow("expected at most 1 messages, got 2");
  });

  test("A hundred thousand nested lists are no more than a message", () => {
    const nested = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;

    expect(() => parseHar(nested)).toThrow("is not an HTTP Archive");
    expect(parseHar(messages({ type: "send", data: nested })).connections).toHaveLength(1);
  });
});

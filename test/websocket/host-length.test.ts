import { describe, expect, test } from "vitest";
import { hasLongHost } from "../../src/websocket/host-length.ts";

const long = "a".repeat(4_097);

describe("a host that is too long", () => {
  test.each([
    `http://${long}/`,
    `ws:${long}`,
    `WSS:\\\\${long}?q`,
    `  ht\ntp://${long}`,
    `//${long}/path`,
    `\\\\${long}`,
    `http://user@${long}`,
  ])("is found in %#", (text) => {
    expect(hasLongHost(text)).toBe(true);
  });

  test.each([
    `http://${long.slice(1)}/`,
    `http://h/${long}`,
    `http://h?${long}`,
    `data:text/plain,${long}`,
    `${long}/${long}`,
    `/${long}`,
  ])("is not seen in %#", (text) => {
    expect(hasLongHost(text)).toBe(false);
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isCloseReason, isScriptCloseCode } from "../../src/websocket/close-code.ts";
import {
  findSubprotocolError,
  maxSubprotocolsLength,
  isToken,
} from "../../src/websocket/subprotocol.ts";
import { utf8Length } from "../../src/websocket/utf8-length.ts";

describe("close codes and reasons", () => {
  test.each([1000, 3000, 4999])("%i may be used by scripts", (code) => {
    expect(isScriptCloseCode(code)).toBe(true);
  });

  test.each([0, 999, 1001, 1005, 1006, 2999, 5000, 3000.5, Number.NaN])(
    "%d may not be used by scripts",
    (code) => {
      expect(isScriptCloseCode(code)).toBe(false);
    },
  );

  test("a reason has at most 123 bytes of UTF-8", () => {
    expect(isCloseReason("x".repeat(123))).toBe(true);
    expect(isCloseReason("x".repeat(124))).toBe(false);
    expect(isCloseReason("€".repeat(41))).toBe(true);
    expect(isCloseReason(`${"€".repeat(41)}x`)).toBe(false);
  });
});

describe("subprotocols", () => {
  test("tokens that differ are accepted, case included, and so is an empty list", () => {
    expect(findSubprotocolError([])).toBeUndefined();
    expect(findSubprotocolError(["chat", "Chat", "v1.0-!#$%&'*+^_`|~"])).toBeUndefined();
  });

  test.each([[[""]], [["a b"]], [["a,b"]], [["a\r\nX: y"]], [["a\0"]], [["ü"]], [["a", "a"]]])(
    "%j is refused",
    (protocols) => {
      expect(findSubprotocolError(protocols)).toBeTypeOf("string");
    },
  );

  test("a character is allowed exactly when it is visible ASCII and no separator", () => {
    const allowed = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter(
      isToken,
    );

    expect(allowed.join("")).toBe(
      "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~",
    );
  });
});

test("utf8Length agrees with the platform for every string, lone surrogates included", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.array(fc.integer({ min: 0, max: 0xff_ff })),
      (text, units) => {
        const mixed = text + String.fromCharCode(...units);
        expect(utf8Length(mixed)).toBe(Buffer.byteLength(mixed));
      },
    ),
  );
});

test("subprotocols of exactly the longest length together are accepted, and one character more is not", () => {
  const half = "a".repeat(maxSubprotocolsLength / 2 - 1);

  expect(findSubprotocolError([half, `b${half.slice(1)}`])).toBeUndefined();
  expect(findSubprotocolError([half, `b${half}`])).toBe(
    "The subprotocols together are longer than 16384 characters",
  );
});

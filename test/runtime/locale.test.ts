import { describe, expect, test } from "vitest";
import { buildNames } from "../support/builds.ts";
import { createGuest } from "../support/guest.ts";

/** Locales and options change nothing: there is no `Intl`. */
const texts: readonly (readonly [source: string, text: string])[] = [
  [`date.toLocaleString()`, "11/05/2026, 02:03:07 PM"],
  [
    `date.toLocaleString("de-DE", { dateStyle: "full", timeZone: "Asia/Tokyo" })`,
    "11/05/2026, 02:03:07 PM",
  ],
  [`date.toLocaleDateString("de-DE")`, "11/05/2026"],
  [`date.toLocaleTimeString("en-US", { hour: "numeric" })`, "02:03:07 PM"],
  [`new Date(2026, 0, 2).toLocaleString()`, "01/02/2026, 12:00:00 AM"],
  [`new Date(NaN).toLocaleDateString()`, "Invalid Date"],
  [`(1234567.891).toLocaleString("de-DE", { style: "currency", currency: "EUR" })`, "1234567.891"],
  [`(12345678901234567890n).toLocaleString()`, "12345678901234567890"],
  [`[1234.5, "a", null].toLocaleString()`, "1234.5,a,"],
  [`new Uint8Array([1, 2]).toLocaleString("en-US")`, "1,2"],
  [`"İI".toLocaleLowerCase("tr")`, "i̇i"],
  [`"straße".toLocaleUpperCase("de")`, "STRASSE"],
  [`["b", "a", "C"].sort((one, other) => one.localeCompare(other)).join()`, "C,a,b"],
  [`String("a".localeCompare("a"))`, "0"],
  [`typeof Intl`, "undefined"],
];

describe.each(buildNames)("without Intl on %s", (build) => {
  test.each(texts)("%s is always %s", async (source, text) => {
    using guest = await createGuest({ build });
    guest.evaluate("const date = new Date(2026, 10, 5, 14, 3, 7)");

    expect(guest.evaluate(source)).toBe(text);
  });
});

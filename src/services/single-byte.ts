/** Code units by byte for single-byte encodings that the platform lacks or gets wrong, by name. */
export const ownTables: ReadonlyMap<string, Uint16Array> = new Map([
  // Node 20 decodes it as ISO-8859-1.
  ["windows-1252", table(0x80, "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ")],
  // Node's ICU does not have it.
  [
    "iso-8859-16",
    table(
      0xa0,
      "\xa0ĄąŁ€„Š§š©Ș«Ź\xadźŻ°±ČłŽ”¶·žčș»ŒœŸż" +
        "ÀÁÂĂÄĆÆÇÈÉÊËÌÍÎÏĐŃÒÓÔŐÖŚŰÙÚÛÜĘȚßàáâăäćæçèéêëìíîïđńòóôőöśűùúûüęțÿ",
    ),
  ],
  // Node does not have it either: the upper half is in the private use area.
  [
    "x-user-defined",
    table(0x80, String.fromCharCode(...Array.from({ length: 128 }, (_, i) => 0xf780 + i))),
  ],
]);

/** Characters that ICU makes of bytes that stand for nothing in the standard, by name of the encoding. */
export const strayCharacters: ReadonlyMap<string, RegExp> = new Map([
  ["windows-874", /[\uf8c1-\uf8c8]/g],
  ["windows-1253", /\u00aa/g],
]);

/** ISO-8859-1 with other characters from `first` on. */
function table(first: number, characters: string): Uint16Array {
  const units = Uint16Array.from({ length: 256 }, (_, byte) => byte);
  for (let i = 0; i < characters.length; i++) units[first + i] = characters.charCodeAt(i);
  return units;
}

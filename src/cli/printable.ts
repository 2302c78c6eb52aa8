/**
 * Makes text of scripts and peers safe for a terminal: control characters other than tab and line feed, and the marks that
 * turn the direction of text, become escapes.
 */
export function printable(text: string): string {
  return text.replaceAll(
    // oxlint-disable-next-line no-control-regex -- control characters are what this is about
    /[\0-\x08\x0B-\x1F\x7F-\x9F\u200E\u200F\u2028-\u202E\u2066-\u2069]/g,
    (character) => {
      const code = character.charCodeAt(0).toString(16);
      return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
    },
  );
}

/** One line of at most `length` characters, quoted. */
export function excerpt(text: string, length: number): string {
  const quoted = printable(JSON.stringify(text.slice(0, length)));
  return text.length > length ? `${quoted}...` : quoted;
}

/** How far from the end of a source its last comments are looked for, and how long a name may be. */
const tailLength = 4_096;

/**
 * What the `//# sourceMappingURL=` comment at the end of a source says: the map itself, out of a `data:` URL, or a name relative to
 * the source. Nothing when there is none, or one that leads elsewhere.
 *
 * @see https://tc39.es/ecma426/#sec-linking-inline
 */
export function findSourceMap(
  source: string,
): { readonly sourceMap: string } | { readonly name: string } | undefined {
  const mark = source.lastIndexOf("sourceMappingURL=");
  // The comment is on the last line that is no comment of another kind: code after it makes it one of many.
  if (mark < 3 || !/[/*][/*][#@][ \t]$/.test(source.slice(mark - 4, mark))) return undefined;
  const start = mark + "sourceMappingURL=".length;
  const url = source.startsWith("data:", start)
    ? firstWord(source.slice(start))
    : firstWord(source.slice(start, start + tailLength));
  if (source.slice(start + url.length).replaceAll(/\s|\*\//g, "") !== "") return undefined;
  if (url.startsWith("data:")) return readDataUrl(url);
  if (url === "" || /^(?:[a-z][a-z\d+.-]*:|\/)/i.test(url)) return undefined;
  const name = decode(url);
  return name === undefined ? undefined : { name };
}

function firstWord(text: string): string {
  const end = text.search(/[\s'"]|\*\//);
  return end === -1 ? text : text.slice(0, end);
}

function readDataUrl(url: string): { readonly sourceMap: string } | undefined {
  const comma = url.indexOf(",");
  if (comma === -1) return undefined;
  const content = url.slice(comma + 1);
  if (/;base64$/i.test(url.slice(0, comma))) {
    return { sourceMap: Buffer.from(content, "base64").toString("utf8") };
  }
  const sourceMap = decode(content);
  return sourceMap === undefined ? undefined : { sourceMap };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // No valid percent encoding: as good as no URL.
    return undefined;
  }
}

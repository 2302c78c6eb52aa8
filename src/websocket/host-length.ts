/** Longest host that is parsed, in code units: names have at most 255 characters, and escapes make them longer. */
const maxHostLength = 4_096;

/** Schemes whose hosts are names: bringing a long one into its form takes time that grows with its square, and cannot be interrupted. */
const special: ReadonlySet<string> = new Set(["ws", "wss", "http", "https", "ftp", "file"]);

/** Whether a text, as a URL or relative to one, has a host that is too long to be parsed. */
export function hasLongHost(text: string): boolean {
  if (text.length <= maxHostLength) return false;
  // The parser drops these wherever they are, and spaces and controls in front.
  const bare = text.replaceAll(/[\t\n\r]/g, "").replace(/^[\0-\x20]+/, "");
  const scheme = /^([a-z][a-z\d+.-]*):/i.exec(bare)?.[1];
  if (scheme !== undefined && !special.has(scheme.toLowerCase())) return false;
  const rest = scheme === undefined ? bare : bare.slice(scheme.length + 1);
  if (scheme === undefined && !/^[\\/]{2}/.test(rest)) return false;
  return isLongHost(/^[\\/]*([^\\/?#]*)/.exec(rest)?.[1] ?? "");
}

/** Whether a host by itself is too long. */
export function isLongHost(host: string): boolean {
  return host.length > maxHostLength;
}

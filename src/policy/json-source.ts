/** A place in a text, 1-based. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** JSON with the places of its values. */
export interface JsonSource {
  readonly value: unknown;
  /** Where the value at `path` starts, or the closest value around it that exists. */
  locate(path: readonly (string | number)[]): TextPosition;
}

/** A text is not JSON. */
export class JsonSourceError extends Error {
  readonly position: TextPosition;

  constructor(message: string, position: TextPosition) {
    super(message);
    this.name = "JsonSourceError";
    this.position = position;
  }
}

/**
 * Parses JSON and remembers where every value stood. Stricter than `JSON.parse`: a name that is given twice is refused, since one of
 * the two would silently count for nothing.
 *
 * @throws {JsonSourceError} with the place of the first mistake.
 */
export function parseJsonSource(text: string): JsonSource {
  const parser = new JsonParser(text);
  const root = parser.parse();
  return {
    value: root.value,
    locate(path) {
      let node = root;
      for (const part of path) {
        const child = node.children.get(String(part));
        if (child === undefined) break;
        node = child;
      }
      return positionAt(text, node.start);
    },
  };
}

interface JsonNode {
  readonly value: unknown;
  readonly start: number;
  readonly children: ReadonlyMap<string, JsonNode>;
}

/** Deeper nesting than any policy has; keeps the parser's own recursion short. */
const maxDepth = 64;

class JsonParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): JsonNode {
    const root = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail("the end of the text");
    return root;
  }

  #value(depth: number): JsonNode {
    this.#skipSpace();
    if (depth > maxDepth) throw this.#error(`is nested more than ${maxDepth} levels deep`);
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#list(depth);
      default:
        return this.#scalar();
    }
  }

  #object(depth: number): JsonNode {
    const start = this.#at;
    const children = new Map<string, JsonNode>();
    this.#at += 1;
    while (!this.#takeEnd("}", children.size)) {
      this.#skipSpace();
      if (this.#text[this.#at] !== '"') this.#fail('a name in quotes or "}"');
      const nameAt = this.#at;
      const name = String(this.#scalar().value);
      if (children.has(name)) throw this.#error(`gives the name "${name}" twice`, nameAt);
      this.#skipSpace();
      if (this.#text[this.#at] !== ":") this.#fail('":"');
      this.#at += 1;
      children.set(name, this.#value(depth + 1));
    }
    const value = Object.fromEntries([...children].map(([name, node]) => [name, node.value]));
    return { value, start, children };
  }

  #list(depth: number): JsonNode {
    const start = this.#at;
    const children = new Map<string, JsonNode>();
    this.#at += 1;
    while (!this.#takeEnd("]", children.size)) {
      children.set(String(children.size), this.#value(depth + 1));
    }
    return { value: [...children.values()].map((node) => node.value), start, children };
  }

  /** Takes what stands between two items or behind the last one; `true` at the end. */
  #takeEnd(end: string, items: number): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] === end) {
      this.#at += 1;
      return true;
    }
    if (items === 0) return false;
    if (this.#text[this.#at] !== ",") this.#fail(`"," or "${end}"`);
    this.#at += 1;
    this.#skipSpace();
    if (this.#text[this.#at] === end) this.#fail(`a value; JSON has no comma before "${end}"`);
    return false;
  }

  #scalar(): JsonNode {
    const start = this.#at;
    scalarPattern.lastIndex = start;
    const token = scalarPattern.exec(this.#text)?.[0];
    if (token === undefined) return this.#fail("a value");
    this.#at += token.length;
    try {
      return { value: JSON.parse(token), start, children: new Map() };
    } catch {
      // The pattern is a little wider than the grammar: control characters and escapes in strings.
      throw this.#error(`has a string or number that is not JSON: ${token.slice(0, 40)}`, start);
    }
  }

  #skipSpace(): void {
    spacePattern.lastIndex = this.#at;
    this.#at += spacePattern.exec(this.#text)?.[0].length ?? 0;
  }

  #fail(expected: string): never {
    const found = this.#text[this.#at];
    throw this.#error(
      `expected ${expected}, got ${found === undefined ? "the end of the text" : JSON.stringify(found)}`,
    );
  }

  #error(message: string, at: number = this.#at): JsonSourceError {
    return new JsonSourceError(message, positionAt(this.#text, at));
  }
}

const scalarPattern = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null/sy;
const spacePattern = /[ \t\r\n]*/y;

function positionAt(text: string, offset: number): TextPosition {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

import { describeCharacter, isSecret, quote } from "./policy-mistake.ts";

/** A place in a text, 1-based. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** A place in a value: names of properties and indices of lists, from its top. */
type JsonPath = readonly (string | number)[];

/** JSON with the places of its values. */
export interface JsonSource {
  readonly value: unknown;
  /** Where the value at `path` starts, or its name, or the closest value around it that exists. */
  locate(path: JsonPath, part: "name" | "value"): TextPosition;
}

/** A text is not JSON. */
export class JsonSourceError extends Error {
  readonly position: TextPosition;
  readonly path: JsonPath;

  constructor(message: string, position: TextPosition, path: JsonPath) {
    super(message);
    this.name = "JsonSourceError";
    this.position = position;
    this.path = path;
  }
}

/**
 * Parses JSON and remembers where every value stood. Stricter than `JSON.parse`: a name that is given twice is refused, since one of
 * the two would silently count for nothing.
 *
 * @throws {JsonSourceError} with the place of the first mistake, and what to write there.
 */
export function parseJsonSource(text: string): JsonSource {
  const parser = new JsonParser(text);
  const root = parser.parse();
  return {
    value: root.value,
    locate(path, part) {
      let node = root;
      let depth = 0;
      for (const name of path) {
        const child = node.children.get(String(name));
        if (child === undefined) break;
        node = child;
        depth += 1;
      }
      const isWhole = depth === path.length;
      return positionAt(text, isWhole && part === "name" ? node.nameStart : node.start);
    },
  };
}

interface JsonNode {
  readonly value: unknown;
  readonly start: number;
  /** Where the name of the property starts; of anything else, the value. */
  readonly nameStart: number;
  readonly children: ReadonlyMap<string, JsonNode>;
}

/** Deeper nesting than any policy has; keeps the parser's own recursion short. */
const maxDepth = 64;

class JsonParser {
  readonly #text: string;
  readonly #path: (string | number)[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): JsonNode {
    const root = this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) {
      this.#fail("the end of the text", "write one object and nothing behind it");
    }
    return root;
  }

  #value(nameStart?: number): JsonNode {
    this.#skipSpace();
    const start = this.#at;
    const node = this.#startsWith("{")
      ? this.#object()
      : this.#startsWith("[")
        ? this.#list()
        : { value: this.#scalar(), children: new Map<string, JsonNode>() };
    return { ...node, start, nameStart: nameStart ?? start };
  }

  #object(): Pick<JsonNode, "value" | "children"> {
    const children = new Map<string, JsonNode>();
    this.#open();
    while (!this.#takeEnd("}", children.size)) {
      const nameStart = this.#at;
      if (!this.#startsWith('"')) {
        this.#fail('a name in double quotes or "}"', 'write names as in "allow"');
      }
      const name = this.#string();
      this.#path.push(name);
      if (children.has(name)) {
        throw this.#error(`gives the name ${quote(name)} twice; remove one of the two`, nameStart);
      }
      this.#skipSpace();
      if (!this.#startsWith(":")) {
        this.#fail('":" after the name', `write ${quote(name)}: and its value`);
      }
      this.#at += 1;
      children.set(name, this.#value(nameStart));
      this.#path.pop();
    }
    const value = Object.fromEntries([...children].map(([name, node]) => [name, node.value]));
    return { value, children };
  }

  #list(): Pick<JsonNode, "value" | "children"> {
    const children = new Map<string, JsonNode>();
    this.#open();
    while (!this.#takeEnd("]", children.size)) {
      this.#path.push(children.size);
      children.set(String(children.size), this.#value());
      this.#path.pop();
    }
    return { value: [...children.values()].map((node) => node.value), children };
  }

  #open(): void {
    if (this.#path.length > maxDepth) {
      throw this.#error(
        `expected at most ${maxDepth} lists and objects in each other, got more; write fewer`,
      );
    }
    this.#at += 1;
  }

  /** Takes what stands between two items or behind the last one; `true` at the end. */
  #takeEnd(end: "}" | "]", items: number): boolean {
    this.#skipSpace();
    if (this.#startsWith(end)) {
      this.#at += 1;
      return true;
    }
    if (items === 0) return false;
    if (!this.#startsWith(",")) {
      this.#fail(`"," or "${end}"`, `write "," between two items and "${end}" behind the last`);
    }
    this.#at += 1;
    this.#skipSpace();
    if (this.#startsWith(end)) {
      this.#fail("a value behind the comma", "remove the comma");
    }
    return false;
  }

  #scalar(): unknown {
    if (this.#startsWith('"')) return this.#string();
    const token = this.#match(/[^\s{}[\],:"/]*/y);
    if (/^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/.test(token)) {
      this.#at += token.length;
      return JSON.parse(token);
    }
    const remedy =
      this.#path.length === 0
        ? 'write { "allow": ["wss://api.example.com"] }'
        : "write a string in double quotes, a number, true, false, null, a list or an object";
    if (token === "") return this.#fail("a value", remedy);
    // What was meant as a text may be a secret.
    const found = isSecret(this.#path) ? "text without double quotes" : quote(token);
    return this.#fail("a value", remedy, found);
  }

  #string(): string {
    const start = this.#at;
    this.#at += this.#match(/"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y).length;
    if (this.#startsWith('"')) {
      this.#at += 1;
      return String(JSON.parse(this.#text.slice(start, this.#at)));
    }
    if (this.#startsWith("\\")) {
      const escape = this.#text.slice(this.#at, this.#at + 2);
      return this.#fail(
        "an escape of JSON",
        "write two backslashes for a backslash",
        JSON.stringify(escape).replace("\\\\", "\\"),
      );
    }
    return this.#fail(
      "a double quote at the end of the string",
      "write one, or \\n for a new line",
      this.#at === this.#text.length ? undefined : describeCharacter(this.#text, this.#at),
    );
  }

  #startsWith(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  /** The text at this place that a sticky pattern matches, or none. */
  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0] ?? "";
  }

  #skipSpace(): void {
    this.#at += this.#match(/[ \t\r\n]*/y).length;
  }

  #fail(expected: string, remedy: string, found: string = this.#found()): never {
    const isComment = this.#startsWith("/") || this.#startsWith("#");
    throw this.#error(
      `expected ${expected}, got ${found}; ${isComment ? "JSON has no comments: remove it" : remedy}`,
    );
  }

  #found(): string {
    const character = this.#text.codePointAt(this.#at);
    return character === undefined ? "the end of the file" : quote(String.fromCodePoint(character));
  }

  #error(message: string, at: number = this.#at): JsonSourceError {
    return new JsonSourceError(message, positionAt(this.#text, at), [...this.#path]);
  }
}

function positionAt(text: string, offset: number): TextPosition {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

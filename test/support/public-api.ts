import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * The public declarations of an emitted entry point in one text: what it exports and every declaration that those mention,
 * sorted by name, without comments. A change of this text is a change that users of the package can notice.
 */
export async function publicApi(entry: string): Promise<string> {
  const files = await reachableFiles(entry);
  const declarations = [...files.values()].flatMap(declarationsOf);
  const exported = exportedNames(files.get(entry) ?? "");
  const wanted = new Set(exported);
  // A set visits what is added while it is walked.
  for (const name of wanted) {
    for (const declaration of declarations) {
      if (declaration.name !== name) continue;
      for (const { name: other } of declarations) {
        if (new RegExp(`\\b${other}\\b`).test(declaration.text)) wanted.add(other);
      }
    }
  }
  const texts = declarations
    .filter(({ name }) => wanted.has(name))
    .toSorted((a, b) => compare(a.name, b.name) || compare(a.text, b.text))
    .map(({ text }) => text);
  return `${[`export { ${exported.toSorted(compare).join(", ")} };`, ...texts].join("\n\n")}\n`;
}

interface Declaration {
  readonly name: string;
  readonly text: string;
}

/** Reads a declaration file and all it imports from, in the order of discovery. */
async function reachableFiles(entry: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const waiting = [entry];
  for (const file of waiting) {
    if (files.has(file)) continue;
    const text = withoutComments(await readFile(file, "utf8"));
    files.set(file, text);
    for (const [, path = ""] of text.matchAll(/\b(?:from|import) ?\(?"(\.[^"]+)"/g)) {
      waiting.push(join(dirname(file), path.replace(/(?:\.d)?\.[jt]s$/, ".d.ts")));
    }
  }
  return files;
}

function withoutComments(text: string): string {
  return text.replaceAll(/^\s*\/\*\*[^]*?\*\/\n/gm, "").replaceAll(/^\s*\/\/.*$/gm, "");
}

/** Names in the `export { … } from` lists of an entry point, which holds nothing else. */
function exportedNames(text: string): readonly string[] {
  return [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list = ""]) =>
    list
      .split(",")
      .map((item) => item.replace(/^\s*type /, "").trim())
      .filter((name) => name !== ""),
  );
}

/** Top-level declarations: the compiler starts each in the first column. */
function declarationsOf(text: string): readonly Declaration[] {
  const statements = text.split(/^(?=(?:export |declare |interface |type ))/m);
  return statements.flatMap((statement) => {
    const head =
      /^(?:export )?(?:declare )?(?:abstract )?(?:class|const|function|interface|type) (\w+)/;
    const name = head.exec(statement)?.[1];
    return name === undefined ? [] : [{ name, text: statement.trim() }];
  });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

import { SourceError } from "./source-error.ts";

/** Endings that a module's name may have. */
const extensions: readonly string[] = [".js", ".mjs", ".ts", ".mts", ".json"];

/**
 * Turns the specifier of an `import` into the name of a module: a POSIX path without `.` and `..`, relative to the script's
 * folder.
 *
 * @param base name of the importing module; a name without folder stands for the script's folder
 * @param isName whether a specifier that is not relative names a module exactly
 * @throws {SourceError} a `TypeError` that tells what to write, for bare specifiers, URLs, absolute paths, names without
 * extension and paths that leave the folder
 */
export function resolveSpecifier(
  base: string,
  specifier: string,
  isName: (specifier: string) => boolean = () => false,
): string {
  if (isName(specifier)) return specifier;
  if (!/^\.{1,2}\//.test(specifier)) throw notRelative(specifier);
  const name = join(base, specifier);
  if (/[\\\0]/.test(name)) {
    throw refuse(specifier, "a module path has / between its parts and no U+0000");
  }
  if (isName(name)) return name;
  if (!extensions.some((extension) => name.toLowerCase().endsWith(extension))) {
    throw refuse(
      specifier,
      `write the file's whole name, ending in ${extensions.join(", ")}, for example ${quote(`${specifier}.js`)}`,
    );
  }
  return name;
}

function join(base: string, specifier: string): string {
  const parts: string[] = [];
  for (const part of [...base.split("/").slice(0, -1), ...specifier.split("/")]) {
    if (part === "..") {
      if (parts.pop() === undefined) {
        throw refuse(
          specifier,
          "it leaves the script's folder; only files below it can be imported",
        );
      }
    } else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function notRelative(specifier: string): SourceError {
  if (/^[a-z][a-z\d+.-]*:/i.test(specifier)) {
    return refuse(
      specifier,
      'modules come from files below the script\'s folder, for example "./lib.js"',
    );
  }
  if (specifier.startsWith("/")) {
    return refuse(
      specifier,
      'an absolute path is not available; write a relative one, for example "./lib.js"',
    );
  }
  return refuse(
    specifier,
    `packages are not available; a module of your own starts with "./" or "../", for example ${quote(`./${specifier}`)}`,
  );
}

function refuse(specifier: string, remedy: string): SourceError {
  return new SourceError("TypeError", `Cannot import ${quote(specifier)}: ${remedy}`);
}

function quote(text: string): string {
  const shown = text.length > 200 ? `${text.slice(0, 200)}...` : text;
  return JSON.stringify(shown);
}

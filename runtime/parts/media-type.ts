import { indexOf, stringSlice, toLowerCase } from "../intrinsics.ts";
import { isToken, trimmed } from "./header-rules.ts";

/** A media type in lower case, with its parameters as they were; empty for what is none. */
export function essence(text: string): string {
  const type = trimmed(text);
  const base = baseType(type);
  if (base === "") return "";
  const end = indexOf(type, ";");
  return end < 0 ? base : base + stringSlice(type, end);
}

/** Type and subtype in lower case, without parameters; empty for what is none. @see https://mimesniff.spec.whatwg.org/#parse-a-mime-type */
export function baseType(text: string): string {
  const end = indexOf(text, ";");
  const base = trimmed(end < 0 ? text : stringSlice(text, 0, end));
  const slash = indexOf(base, "/");
  if (slash < 0) return "";
  const isValid = isToken(stringSlice(base, 0, slash)) && isToken(stringSlice(base, slash + 1));
  return isValid ? toLowerCase(base) : "";
}

/** The value of a parameter; `name` is in lower case. */
export function parameterOf(text: string, name: string): string | undefined {
  let index = indexOf(text, ";");
  while (index >= 0 && index < text.length) {
    index += 1;
    const equals = indexOf(text, "=", index);
    if (equals < 0) return undefined;
    const key = toLowerCase(trimmed(stringSlice(text, index, equals)));
    let value = "";
    index = equals + 1;
    if (text[index] === '"') {
      for (index += 1; index < text.length && text[index] !== '"'; index++) {
        // A backslash makes the next character stand for itself.
        if (text[index] === "\\" && index + 1 < text.length) index++;
        value += text[index] ?? "";
      }
      index = indexOf(text, ";", index);
    } else {
      const end = indexOf(text, ";", index);
      value = trimmed(stringSlice(text, index, end < 0 ? text.length : end));
      index = end;
    }
    if (key === name) return value;
  }
  return undefined;
}

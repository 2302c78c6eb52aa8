/** Most characters of a shown value. */
const maxLength = 400;
const maxDepth = 6;

/** A value as text for people, as JavaScript would write it. */
export function show(value: unknown): string {
  const text = write(value, [], maxDepth);
  return text.length > maxLength ? `${text.slice(0, maxLength)}...` : text;
}

function write(value: unknown, around: readonly unknown[], depth: number): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "function":
      return `[function ${value.name || "anonymous"}]`;
    case "object":
      return value === null ? "null" : writeObject(value, around, depth);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    default:
      return String(value);
  }
}

function writeObject(value: object, around: readonly unknown[], depth: number): string {
  if (around.includes(value)) return "[circular]";
  if (depth === 0) return Array.isArray(value) ? "[...]" : "{...}";
  const inner = [...around, value];
  const item = (part: unknown): string => write(part, inner, depth - 1);
  if (value instanceof Error) return `[${value.name}: ${value.message}]`;
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (value instanceof Map) {
    return `Map {${join([...value], ([key, part]) => `${item(key)} => ${item(part)}`)}}`;
  }
  if (value instanceof Set) return `Set {${join([...value], item)}}`;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return `${nameOf(value)} [${join(Array.from(value as Uint8Array), item)}]`;
  }
  if (Array.isArray(value)) return `[${join(value, item)}]`;
  const name = nameOf(value);
  const properties = join(Object.keys(value), (key) => {
    const written = /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
    return `${written}: ${item((value as Record<string, unknown>)[key])}`;
  });
  const body = properties === "" ? "{}" : `{ ${properties} }`;
  return name === "Object" || name === "" ? body : `${name} ${body}`;
}

/** Items that are written at most; further ones are counted. */
const maxItems = 50;

function join<Item>(items: readonly Item[], write: (item: Item) => string): string {
  const shown = items.slice(0, maxItems).map(write);
  if (items.length > maxItems) shown.push(`... ${items.length - maxItems} more`);
  return shown.join(", ");
}

function nameOf(value: object): string {
  const prototype: { readonly constructor?: { readonly name?: unknown } } | null =
    Object.getPrototypeOf(value);
  const name = prototype?.constructor?.name;
  return typeof name === "string" ? name : "";
}

import { show } from "./show.ts";

/** Differences that are told. */
const maxDifferences = 10;

/** Where two values differ, in words; empty when they are equal. With `isPartial`, objects may have more than is expected of them. */
export function differences(
  expected: unknown,
  found: unknown,
  isPartial = false,
): readonly string[] {
  const list: string[] = [];
  const seen = new Map<object, Set<object>>();

  function differ(a: unknown, b: unknown, path: string): void {
    if (list.length < maxDifferences) list.push(`${path}: expected ${show(a)}, got ${show(b)}`);
  }

  function compare(a: unknown, b: unknown, path: string): void {
    if (Object.is(a, b) || list.length >= maxDifferences) return;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
      differ(a, b, path);
      return;
    }
    // Circular: what is being compared already counts as equal.
    const partners = seen.get(a) ?? new Set();
    if (partners.has(b)) return;
    seen.set(a, partners.add(b));
    if (kindOf(a) !== kindOf(b)) differ(a, b, path);
    else compareObjects(a, b, path);
  }

  function compareObjects(a: object, b: object, path: string): void {
    if (a instanceof Date || a instanceof RegExp) {
      if (show(a) !== show(b)) differ(a, b, path);
    } else if (a instanceof Error && b instanceof Error) {
      compare(a.name, b.name, `${path}.name`);
      compare(a.message, b.message, `${path}.message`);
    } else if (a instanceof Map && b instanceof Map) compareMaps(a, b, path);
    else if (a instanceof Set && b instanceof Set) compareSets(a, b, path);
    else if (isList(a) && isList(b)) {
      if (a.length !== b.length) differ(a.length, b.length, `${path}.length`);
      for (let index = 0; index < Math.max(a.length, b.length); index++) {
        compare(a[index], b[index], `${path}[${index}]`);
      }
    } else {
      const names = new Set([...Object.keys(a), ...(isPartial ? [] : Object.keys(b))]);
      for (const name of names) {
        const written = /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
        compare(property(a, name), property(b, name), `${path}${written}`);
      }
    }
  }

  function compareMaps(
    a: ReadonlyMap<unknown, unknown>,
    b: ReadonlyMap<unknown, unknown>,
    path: string,
  ): void {
    for (const key of new Set([...a.keys(), ...b.keys()])) {
      compare(a.get(key), b.get(key), `${path}.get(${show(key)})`);
    }
  }

  function compareSets(a: ReadonlySet<unknown>, b: ReadonlySet<unknown>, path: string): void {
    const isIn = (item: unknown, set: ReadonlySet<unknown>): boolean =>
      set.has(item) || [...set].some((other) => differences(item, other).length === 0);
    if (a.size !== b.size || ![...a].every((item) => isIn(item, b))) differ(a, b, path);
  }

  compare(expected, found, "value");
  return list;
}

/** What kind of object it is: objects without a class of their own are all of one. */
function kindOf(value: object): string {
  if (Array.isArray(value)) return "list";
  for (const [name, type] of classes) if (value instanceof type) return name;
  return ArrayBuffer.isView(value) ? Object.prototype.toString.call(value) : "object";
}

const classes: readonly (readonly [string, abstract new (...args: never) => object])[] = [
  ["Date", Date],
  ["RegExp", RegExp],
  ["Error", Error],
  ["Map", Map],
  ["Set", Set],
  ["Promise", Promise],
];

function isList(value: object): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

function property(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined;
}

/** Values at the leaves of a tree whose edges are single characters. */
export interface NetzerTree {
  /** The value at a path, or `undefined` at an inner node and where there is none. */
  value(path: string): string | undefined;
  isLeaf(path: string): boolean;
  /** Changes the value of a leaf. */
  set(path: string, value: string): void;
  /** What the tree holds at and below a path, nested from the root; `undefined` where there is nothing. */
  read(path: string): NetzerNode | undefined;
}

/** An inner node, or the value of a leaf. */
export type NetzerNode = string | { readonly [edge: string]: NetzerNode };

/** Makes a tree of the values at its leaves. */
export function createNetzerTree(values: Readonly<Record<string, string>>): NetzerTree {
  const leaves = new Map(Object.entries(values));

  function subtree(path: string): NetzerNode | undefined {
    const value = leaves.get(path);
    if (value !== undefined) return value;
    const below = [...leaves.keys()].filter((leaf) => leaf.startsWith(path));
    const edges = new Set(below.map((leaf) => leaf.charAt(path.length)));
    if (edges.size === 0) return undefined;
    const children = [...edges].map((edge) => [edge, subtree(path + edge) ?? {}] as const);
    return Object.fromEntries(children);
  }

  return {
    value: (path) => leaves.get(path),
    isLeaf: (path) => leaves.has(path),
    set: (path, value) => void leaves.set(path, value),
    read(path) {
      const found = path === "" ? undefined : subtree(path);
      if (found === undefined) return undefined;
      return path.split("").reduceRight<NetzerNode>((node, edge) => ({ [edge]: node }), found);
    },
  };
}

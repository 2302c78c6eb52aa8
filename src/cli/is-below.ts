import { isAbsolute, relative, sep } from "node:path";

/** Whether a path is a folder or lies in it; both absolute and without links. */
export function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return !isAbsolute(way) && way.split(sep)[0] !== "..";
}

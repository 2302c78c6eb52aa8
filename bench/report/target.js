/** The largest value of a figure that is wanted of a runner, if any. Nothing is wanted of plain ws and of peers. */
export function targetOf({ target }, runner) {
  if (runner !== "worker" && runner !== "none") return undefined;
  return typeof target === "object" ? target[runner] : target;
}

/**
 * Makes an instance read the time for `Date` from `wallNow`: puts it in place of the function that the loader brings for that.
 *
 * The imports have names of one letter, which differ between builds, so that the function is known by what it does. Where none is found
 * the imports stay as they are.
 */
export function withWallClock(
  imports: WebAssembly.Imports,
  wallNow: () => number,
): WebAssembly.Imports {
  const bound = Object.entries(imports).map(([module, members]) => {
    const entries = Object.entries(members).map(([name, value]) => [
      name,
      isSystemTime(value) ? wallNow : value,
    ]);
    return [module, Object.fromEntries(entries)] as const;
  });
  return Object.fromEntries(bound);
}

/** Emscripten's `emscripten_date_now`, as its compilers and bundlers write it. */
function isSystemTime(value: unknown): boolean {
  return typeof value === "function" && /^\(\)\s*=>\s*Date\.now\(\)$/.test(String(value));
}

import type { HarPair } from "./har-format.ts";

/** Parameters of a URL as the developer tools list them. */
export function parameters(url: string): readonly HarPair[] {
  return [...new URL(url).searchParams].map(([name, value]) => ({ name, value }));
}

/** Milliseconds, to the microsecond. */
export function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

import { afterAll } from "vitest";
import { uncheckedEngines } from "./support/debug-engine.ts";

// A leak is found when an engine is disposed of: one that is forgotten would never be looked at.
afterAll(() => {
  if (uncheckedEngines.size === 0) return;
  throw new Error(`${uncheckedEngines.size} engines were not disposed of`);
});

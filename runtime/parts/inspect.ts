import type { PartInstaller } from "../parts.ts";
import { consoleTable } from "./console-table.ts";
import { format } from "./format.ts";
import { inspect } from "./inspection.ts";

/** What the console makes of values that are more than text. */
export const install: PartInstaller<"inspect"> = () => ({
  __proto__: null,
  consoleTable,
  format,
  inspect,
});

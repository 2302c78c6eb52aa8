import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require: NodeJS.Require = createRequire(import.meta.url);

/** The package's version. */
export function readVersion(): string {
  // By the package's own name: parts of it are bundled into files of other folders.
  const text = readFileSync(require.resolve("quickjs-network-device/package.json"), "utf8");
  const { version }: { version?: unknown } = JSON.parse(text);
  return String(version);
}

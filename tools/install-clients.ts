/** Installs the workspace of the client libraries, `test/clients/`, unless it is up to date. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const workspace: URL = new URL("../test/clients/", import.meta.url);
const record: URL = new URL("node_modules/.installed", workspace);

const hash = createHash("sha256");
for (const name of ["package.json", "package-lock.json", ".npmrc"]) {
  hash.update(readFileSync(new URL(name, workspace)));
}
const wanted: string = hash.digest("hex");
const installed: string = existsSync(record) ? readFileSync(record, "utf8") : "";

if (installed !== wanted) {
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--prefer-offline"], {
    cwd: fileURLToPath(workspace),
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (status === 0) writeFileSync(record, wanted);
  process.exitCode = status ?? 1;
}

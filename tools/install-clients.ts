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
  // What a package says of Node does not matter where it runs in a sandbox.
  const options = ["--engine-strict=false", "--no-audit", "--no-fund", "--prefer-offline"];
  const { status } = spawnSync("npm", ["ci", ...options], {
    cwd: fileURLToPath(workspace),
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (status === 0) writeFileSync(record, wanted);
  process.exitCode = status ?? 1;
}

import { readFile, readdir, realpath, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Consumer, createConsumer, projectFolder } from "../support/consumer.ts";
import { packProject } from "../support/pack.ts";

/** Packed size that calls for a look at what came in, in bytes. More than half of it is the engine's image. */
const maxTarballBytes = 1_700_000;

let consumer: Consumer;
let tarball: string;
let installed: string;
let files: readonly string[];

beforeAll(async () => {
  consumer = await createConsumer();
  installed = join(consumer.folder, "node_modules/quickjs-network-device");
  await consumer.write("package.json", '{ "name": "consumer", "private": true, "type": "module" }');
  tarball = await packProject(consumer);
  // The installation of this project has filled npm's cache: the network is asked only for what is missing there.
  const options = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"];
  await consumer.mustRun("npm", "install", ...options, tarball);
  // What every TypeScript project on Node has.
  await consumer.link("@types/node");
  await consumer.link("undici-types");
  files = await filesBelow(installed);
});

afterAll(async () => consumer[Symbol.asyncDispose]());

test("The tarball holds the compiled package, its sources and its documents, and nothing else", () => {
  const unexpected = files.filter((file) => !expectedFiles.some((pattern) => pattern.test(file)));

  expect(unexpected).toEqual([]);
  expect(files).toEqual(expect.arrayContaining(requiredFiles));
});

test("No file of the tarball mentions a folder of the machine that packed it", async () => {
  const texts = await Promise.all(
    files.map(async (file) => readFile(join(installed, file), "latin1")),
  );

  const folders = [projectFolder, `${homedir()}/`];
  const telling = files.filter((_, index) =>
    folders.some((folder) => texts[index]?.includes(folder)),
  );
  expect(telling).toEqual([]);
});

test("The tarball stays small", async () => {
  const { size } = await stat(tarball);

  expect(size).toBeLessThan(maxTarballBytes);
});

test("An ES module uses the installed package", async () => {
  const program = await consumer.write(
    "program.mjs",
    `import { createSandbox } from "quickjs-network-device";\n${hostProgram}`,
  );

  const result = await consumer.run(process.execPath, program);

  expect(result).toEqual({ exitCode: 0, stdout: "function\n", stderr: "" });
});

test("A CommonJS module requires the installed package", async () => {
  const program = await consumer.write(
    "program.cjs",
    `const { createSandbox } = require("quickjs-network-device");
(async () => {\n${hostProgram}\n})();`,
  );

  const result = await consumer.run(process.execPath, "--no-warnings", program);

  expect(result).toEqual({ exitCode: 0, stdout: "function\n", stderr: "" });
});

test("The schema of policy files is where editors look for it and where modules do", async () => {
  const program = await consumer.write(
    "schema.mjs",
    `console.log(import.meta.resolve("quickjs-network-device/policy.schema.json"));`,
  );

  const result = await consumer.run(process.execPath, program);

  const file = join(installed, "policy.schema.json");
  expect(result.stdout).toBe(`${pathToFileURL(await realpath(file)).href}\n`);
});

test("A TypeScript program type-checks against the installed package, its declarations included", async () => {
  await consumer.write("host/program.ts", typedHostProgram);
  await consumer.write(
    "host/tsconfig.json",
    JSON.stringify({
      compilerOptions: {
        strict: true,
        noEmit: true,
        target: "es2022",
        module: "nodenext",
        moduleResolution: "nodenext",
        // The declarations of the engine need the WebAssembly namespace of the DOM library.
        lib: ["es2023", "esnext.disposable", "dom"],
        types: ["node"],
        skipLibCheck: false,
      },
    }),
  );

  expect(await consumer.typeCheck("host")).toBe("");
});

test("A TypeScript test type-checks against the harness, with its matchers", async () => {
  await consumer.link("vitest");
  await consumer.write("harness/lamp.test.ts", typedTest);
  await consumer.write(
    "harness/tsconfig.json",
    JSON.stringify({
      compilerOptions: {
        strict: true,
        noEmit: true,
        target: "es2022",
        module: "nodenext",
        moduleResolution: "nodenext",
        lib: ["es2023", "esnext.disposable", "dom"],
        types: ["node"],
        skipLibCheck: true,
      },
    }),
  );

  expect(await consumer.typeCheck("harness")).toBe("");
});

test("A TypeScript device script type-checks against the guest's types alone", async () => {
  await consumer.write("guest/script.ts", typedGuestScript);
  await consumer.write(
    "guest/tsconfig.json",
    JSON.stringify({
      compilerOptions: {
        strict: true,
        noEmit: true,
        target: "es2022",
        module: "nodenext",
        moduleResolution: "nodenext",
        lib: ["es2023"],
        types: ["quickjs-network-device/guest"],
        skipLibCheck: false,
      },
    }),
  );

  expect(await consumer.typeCheck("guest")).toBe("");
});

test("A device script that uses what no sandbox has does not type-check", async () => {
  await consumer.write("guest-misuse/script.ts", "document.title = process.title;\n");
  await consumer.write("guest-misuse/tsconfig.json", '{ "extends": "../guest/tsconfig.json" }');

  const complaints = await consumer.typeCheck("guest-misuse");

  expect(complaints).toContain("'document'");
  expect(complaints).toContain("'process'");
});

test("The installed command prints its version", async () => {
  const { version } = JSON.parse(await readFile(join(projectFolder, "package.json"), "utf8"));

  const result = await consumer.run("npx", "--no-install", "netdevice", "--version");

  expect(result).toMatchObject({ exitCode: 0, stdout: `${version}\n` });
});

test("The installed command runs a TypeScript script", async () => {
  await consumer.write("lamp.ts", 'const greeting: string = "on";\nconsole.log(greeting);\n');

  const result = await consumer.run("npx", "--no-install", "netdevice", "run", "lamp.ts");

  expect(result).toMatchObject({ exitCode: 0, stdout: "on\n" });
});

test("The installed command says what to install for a script that imports a package", async () => {
  await consumer.write("packages.mjs", 'import mqtt from "mqtt";\n');

  const result = await consumer.run("npx", "--no-install", "netdevice", "run", "packages.mjs");

  expect(result).toEqual({
    exitCode: 2,
    stdout: "",
    stderr:
      'netdevice: Cannot import "mqtt" (packages.mjs:1:18): packages are bundled by esbuild, which is not installed with netdevice. Install it there: npm install --save-dev esbuild, or npm install --global esbuild when netdevice is global\n',
  });
});

const expectedFiles = [
  /^(?:CHANGELOG|LICENSE|README)(?:\.md)?$/,
  /^package\.json$/,
  /^policy\.schema\.json$/,
  /^dist\/(?:[a-z0-9-]+\/)*[a-z0-9-]+\.(?:js|d\.ts)(?:\.map)?$/,
  // Parts of the command and of the worker that are loaded when they are needed.
  /^dist\/(?:cli|worker)\/[A-Za-z0-9-]+-[A-Z0-9]{8}\.js(?:\.map)?$/,
  /^dist\/LICENCES\.txt$/,
  /^dist\/engine-image\.bin$/,
  /^dist\/engine\.wasm$/,
  /^src\/(?:[a-z0-9-]+\/)*[a-z0-9-]+(?:\.d)?\.ts$/,
];

const requiredFiles = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "dist/cli/main.js",
  "dist/cli/replay-thread.js",
  "dist/cli/test-thread.js",
  "dist/engine-image.bin",
  "dist/engine.wasm",
  "dist/guest-bundle.js",
  "dist/parts/compression.js",
  "dist/parts/files.js",
  "dist/parts/inspect.js",
  "dist/parts/messaging.js",
  "dist/parts/multibyte.js",
  "dist/parts/streams.js",
  "dist/parts/subtle.js",
  "dist/parts/timeline.js",
  "dist/parts/url.js",
  "dist/parts/worker.js",
  "dist/test-library.js",
  "dist/index.d.ts",
  "dist/index.js",
  "dist/testing/index.js",
  "dist/testing/vitest.js",
  "dist/worker/entry.js",
  "package.json",
  "policy.schema.json",
  "src/guest.d.ts",
  "src/guest/testing.d.ts",
  "src/index.ts",
];

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

const hostProgram = `
const sandbox = await createSandbox({
  observe: (event) => event.type === "console" && console.log(event.message),
});
await sandbox.run("console.log(typeof NetworkDevice.createWebSocket)");
await sandbox.idle();
await sandbox.close();`;

const typedHostProgram = `
import {
  allowOrigins,
  createSandbox,
  type NetworkPolicy,
  type SandboxEvent,
  SandboxError,
} from "quickjs-network-device";

const policy: NetworkPolicy = allowOrigins(["wss://lamp.example"]);
const events: SandboxEvent[] = [];
await using sandbox = await createSandbox({ policy, observe: (event) => void events.push(event) });
await sandbox.run("1 + 1", { name: "lamp.js" });
const failure: SandboxError | undefined = await sandbox.closed;
// @ts-expect-error A number is not a policy.
await createSandbox({ policy: 1 });
export { failure };
`;

const typedTest = `
import { expect } from "vitest";
import { createTestSandbox, faulty, reset, type Simulator } from "quickjs-network-device/testing";
import { test } from "quickjs-network-device/testing/vitest";

const lamp: Simulator = { connect: (peer) => peer.accept() };

test("types", async ({ openSandbox }) => {
  const sandbox = await openSandbox({ peers: { "ws://lamp.example": faulty(lamp, reset()) } });
  const answer: string = await sandbox.until(() => sandbox.lines[0]);
  expect(sandbox).toHaveSent({ type: "get" }, /on/, answer);
  expect(sandbox.connections[0]).not.toHaveReceived(new Uint8Array(1));
  expect(sandbox).toBeClosedWith(1000, "done");
  // @ts-expect-error A code is a number.
  expect(sandbox).toBeClosedWith("1000");
  // @ts-expect-error The harness has a network of its own.
  await createTestSandbox({ transport: undefined });
});
`;

const typedGuestScript = `
const socket: WebSocket = NetworkDevice.createWebSocket("wss://lamp.example", ["v1", "v2"]);
socket.binaryType = "arraybuffer";
socket.onopen = () => socket.send(new Uint8Array([1, 2, 3]));
socket.onmessage = (event) => console.log(event.data);
socket.addEventListener("close", (event) => console.log(event.code, event.reason), { once: true });
setTimeout(() => socket.destroy(), 1000);
// @ts-expect-error A code is a number.
socket.close("1000");
export {};
`;

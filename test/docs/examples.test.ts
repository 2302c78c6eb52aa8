import { readFileSync, readdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { transform } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { type CodeBlock, codeBlocks } from "../support/code-blocks.ts";
import { type Consumer, createConsumer, projectFolder } from "../support/consumer.ts";

/** Examples talk to this origin; while they run an echo server on loopback takes its place. */
const exampleOrigin = "wss://echo.example";

/** The same for HTTP. */
const exampleHttpOrigin = "https://echo.example";

interface Example extends CodeBlock {
  /** File and line, for people. */
  readonly title: string;
  /** Path of the example in the consumer's folder. */
  readonly path: string;
}

const examples = documents().flatMap((file) =>
  codeBlocks(readFileSync(join(projectFolder, file), "utf8")).map((block): Example => {
    const side = block.marks.includes("guest") ? "guest" : "host";
    const name = file.replaceAll(/\W+/g, "-");
    const path = `${side}/${name}-line-${block.line}.${block.language}`;
    return { ...block, title: `${file}:${block.line}`, path };
  }),
);
const marked = examples.filter(({ marks }) => marks.length > 0);

let consumer: Consumer;
let server: Server;

beforeAll(async () => {
  server = await startEchoServer();
  consumer = await createConsumer();
  await Promise.all([
    consumer.link("quickjs-network-device", projectFolder),
    consumer.link("@types/node"),
    consumer.link("undici-types"),
    consumer.link("quickjs-emscripten"),
    consumer.write("package.json", '{ "type": "module" }'),
    consumer.write("host/tsconfig.json", JSON.stringify(hostProject)),
    consumer.write("guest/tsconfig.json", JSON.stringify(guestProject)),
    consumer.write("host/empty.ts", "export {};\n"),
    consumer.write("guest/empty.ts", "export {};\n"),
    ...marked.map(({ path, code }) => consumer.write(path, localised(code))),
  ]);
});

afterAll(async () => {
  server.close();
  await consumer[Symbol.asyncDispose]();
});

test.each(["host", "guest"])("The examples of the %s type-check", async (side) => {
  expect(await consumer.typeCheck(side)).toBe("");
});

describe("An example runs and prints what the document says", () => {
  test.each(marked.filter(({ marks }) => marks.includes("run")))("$title", async (example) => {
    const { code } = await transform(localised(example.code), {
      loader: "ts",
      target: "node20",
      format: "esm",
    });
    const file = await consumer.write(`${example.path}.mjs`, code);

    const result = await consumer.run(process.execPath, file);

    expect(result).toEqual(expectedResult(example, result.stdout));
  });
});

describe("A device script of a document runs and prints what the document says", () => {
  test.each(marked.filter(({ marks }) => marks.includes("guest") && !marks.includes("check")))(
    "$title",
    async (example) => {
      const command = "node_modules/quickjs-network-device/dist/cli/main.js";

      const result = await consumer.run(
        process.execPath,
        command,
        "run",
        example.path,
        "--allow",
        localised(exampleOrigin),
        "--allow",
        localised(exampleHttpOrigin),
      );

      expect(result).toEqual(expectedResult(example, result.stdout));
    },
  );
});

describe("A command of a document prints what the document says", () => {
  test.each(examples.filter(({ language }) => language === "console"))(
    "$title",
    async (example) => {
      const [, name = "", output = ""] =
        /^\$ npx netdevice run (\S+)\n(.*)$/s.exec(example.code) ?? [];
      const document = example.title.split(":")[0];
      for (const { title, code } of examples) {
        const [, file] = /^\/\/ (\S+\.\w+)\n/.exec(code) ?? [];
        if (title.startsWith(`${document}:`) && file !== undefined)
          await consumer.write(file, code);
      }
      const command = "node_modules/quickjs-network-device/dist/cli/main.js";

      const result = await consumer.run(
        "sh",
        "-c",
        `"${process.execPath}" ${command} run ${name} 2>&1`,
      );

      expect(result.stdout.replaceAll(/ +$/gm, "")).toBe(`${output}\n`);
    },
  );
});

/** README and the guides; the decisions are history and the changelog has no examples. */
function documents(): readonly string[] {
  const guides = ["docs", "docs/devices"].flatMap((folder) =>
    readdirSync(join(projectFolder, folder))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name}`),
  );
  return ["README.md", ...guides];
}

/** Echoes messages of WebSockets, and what is posted; its log is a megabyte. */
async function startEchoServer(): Promise<Server> {
  const http = createServer((request, response) => {
    if (request.url === "/log") {
      response.end(Buffer.alloc(1_000_000));
      return;
    }
    let body = "";
    request.on("data", (chunk) => {
      body += String(chunk);
    });
    request.on("end", () => {
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ method: request.method, body }));
    });
  });
  const echo = new WebSocketServer({ server: http });
  echo.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await new Promise<void>((resolve) => {
    http.listen(0, "127.0.0.1", () => resolve());
  });
  return http;
}

function localOrigin(): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  return `ws://127.0.0.1:${address.port}`;
}

function localised(text: string): string {
  return text
    .replaceAll(exampleOrigin, localOrigin())
    .replaceAll(exampleHttpOrigin, localOrigin().replace("ws:", "http:"));
}

/** Without an output block any output is fine. */
function expectedResult({ output }: Example, stdout: string): object {
  return {
    exitCode: 0,
    stdout: output === undefined ? stdout : `${localised(output)}\n`,
    stderr: "",
  };
}

const strict = {
  strict: true,
  noEmit: true,
  target: "es2022",
  moduleDetection: "force",
  allowImportingTsExtensions: true,
};

const hostProject = {
  compilerOptions: {
    ...strict,
    module: "nodenext",
    lib: ["es2023", "esnext.disposable"],
    types: ["node"],
    skipLibCheck: true,
  },
  include: ["*.ts"],
};

const guestProject = {
  compilerOptions: {
    ...strict,
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["es2023"],
    types: ["quickjs-network-device/guest"],
    allowJs: true,
    checkJs: true,
    noImplicitAny: false,
  },
  include: ["*"],
};

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { listen, type TestServer } from "./test-server.ts";

/** A server that is a program of the machine, with its configuration. */
export interface Program {
  /** Name of the command, which is that of its Debian package, too. */
  readonly command: string;
  readonly args: (configuration: string) => readonly string[];
  readonly configuration: (port: number, folder: string) => string;
  /** What it prints, on either stream, once it accepts connections. */
  readonly ready: RegExp;
}

/** Starts a program that serves WebSockets. To be cut is to be killed and started again, on the same port. */
export async function startProgram(program: Program): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), `${program.command}-`));
  const port = await freePort();
  const file = join(folder, "server.conf");
  await writeFile(file, program.configuration(port, folder));
  let child = await start(program, file);
  onTestFinished(async () => {
    await stop(child);
    await rm(folder, { recursive: true, force: true });
  });
  return {
    url: `ws://127.0.0.1:${port}/`,
    async cut() {
      await stop(child);
      child = await start(program, file);
    },
  };
}

/** A port that was free a moment ago: these programs cannot tell which one the system gave them. */
async function freePort(): Promise<number> {
  const { server, port } = await listen(createServer());
  server.close();
  await once(server, "close");
  return port;
}

async function start({ command, args, ready }: Program, file: string): Promise<ChildProcess> {
  // Debian keeps servers where the path of a user does not lead.
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;
  const child = spawn(command, args(file), {
    env: { ...process.env, PATH: path },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output: string[] = [];
  await new Promise<void>((resolve, reject) => {
    child.once("error", (error) => {
      const install = `apt-get install --no-install-recommends ${command}`;
      reject(new Error(`${command} cannot be started; install it: ${install}`, { cause: error }));
    });
    child.once("exit", (code) => {
      reject(new Error(`${command} ended with ${code}:\n${output.join("\n")}`));
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on("line", (line) => {
        output.push(line);
        if (ready.test(line)) resolve();
      });
    }
  });
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

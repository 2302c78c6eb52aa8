import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of this project. */
export const projectFolder: string = fileURLToPath(new URL("../../", import.meta.url));

/** A temporary folder that stands for a project of somebody who uses the package. */
export interface Consumer extends AsyncDisposable {
  readonly folder: string;
  /** Writes a file and returns its path. */
  write(path: string, content: string): Promise<string>;
  /** Makes a package of this project's `node_modules` (or the project itself) available to the consumer. */
  link(name: string, target?: string): Promise<void>;
  /** Runs a program in the folder and waits for its end. */
  run(command: string, ...args: readonly string[]): Promise<ProgramResult>;
  /** Does the same for preparations: rejects unless the program succeeds. */
  mustRun(command: string, ...args: readonly string[]): Promise<void>;
  /** Type-checks by the `tsconfig.json` of a folder in the consumer's; resolves to the compiler's complaints. */
  typeCheck(project: string): Promise<string>;
}

/** How a program ended. */
export interface ProgramResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Makes an empty consumer; its path contains a space. */
export async function createConsumer(): Promise<Consumer> {
  const folder = await mkdtemp(join(tmpdir(), "netdevice consumer "));
  const consumer: Consumer = {
    folder,
    async write(path, content) {
      const file = join(folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
      return file;
    },
    async link(name, target = join(projectFolder, "node_modules", name)) {
      const path = join(folder, "node_modules", name);
      await mkdir(dirname(path), { recursive: true });
      await symlink(target, path, "junction");
    },
    run: async (command, ...args) => runProgram(folder, command, args),
    async mustRun(command, ...args) {
      const { exitCode, stdout, stderr } = await consumer.run(command, ...args);
      if (exitCode === 0) return;
      throw new Error(`${command} ${args.join(" ")} ended with ${exitCode}\n${stdout}${stderr}`);
    },
    async typeCheck(project) {
      const compiler = join(projectFolder, "node_modules/typescript/bin/tsc");
      return (await consumer.run(process.execPath, compiler, "-p", project)).stdout;
    },
    [Symbol.asyncDispose]: async () => rm(folder, { recursive: true, force: true }),
  };
  return consumer;
}

async function runProgram(
  cwd: string,
  command: string,
  args: readonly string[],
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { cwd, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== "number") reject(error);
      else resolve({ exitCode: child.exitCode ?? 0, stdout, stderr });
    });
    child.stdin?.end();
  });
}

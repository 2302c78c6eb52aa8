#!/usr/bin/env node
import { type ExitCode, exitCode } from "./exit-code.ts";
import { type Command, parseCommand } from "./options.ts";
import { createOutput } from "./output.ts";
import { isUsageError } from "./usage-error.ts";

// Everything else is imported by the command that needs it: starting fast is a feature of this program.

process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<ExitCode> {
  try {
    return await execute(parseCommand(args));
  } catch (error) {
    const isUsage = isUsageError(error);
    // A defect of this program keeps its stack, so that it can be reported.
    print("stderr", `netdevice: ${isUsage ? error.message : describe(error)}\n`);
    return isUsage ? exitCode.usage : exitCode.scriptFailed;
  }
}

async function execute(command: Command): Promise<ExitCode> {
  switch (command.command) {
    case "run": {
      const { run } = await import("./run.ts");
      return await run(command.options);
    }
    case "replay": {
      const { replay } = await import("./replay.ts");
      return await replay(command.options);
    }
    case "test": {
      const { test } = await import("./test.ts");
      return await test(command.options);
    }
    case "simulate": {
      const { simulate } = await import("./simulate.ts");
      return await simulate(command.options);
    }
    case "help": {
      const { help } = await import("./help.ts");
      print("stdout", help[command.topic ?? "general"]);
      return exitCode.done;
    }
    case "version": {
      const { readVersion } = await import("../version.ts");
      print("stdout", `${readVersion()}\n`);
      return exitCode.done;
    }
  }
}

function print(stream: "stdout" | "stderr", text: string): void {
  createOutput({ isBatched: false, onBroken: () => {} }).write(stream, text);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

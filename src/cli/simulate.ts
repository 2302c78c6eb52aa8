import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { describeError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { type ServeOptions, serveSimulator, type SimulatorServer } from "../simulators/index.ts";
import type { ExitCode } from "./exit-code.ts";
import { observeSimulator } from "./observe-simulator.ts";
import { createOutput } from "./output.ts";
import type { SimulateCommand } from "./simulate-options.ts";
import { type Action, createSimulation } from "./simulations.ts";
import { onSignals } from "./stop.ts";
import { readProblem, UsageError } from "./usage-error.ts";

/**
 * Serves a simulator until it is interrupted, prints what happens at it, and does what is typed.
 *
 * @throws {UsageError} when it cannot listen where it should
 */
export async function simulate(command: SimulateCommand): Promise<ExitCode> {
  let stop: (code: ExitCode) => void = () => {};
  const stopped = new Promise<ExitCode>((resolve) => (stop = resolve));
  const output = createOutput({ isBatched: false, onBroken: () => stop(0) });
  const tell = (line: string): void => output.write("stdout", `${line}\n`);
  const { device, urls, actions } = createSimulation(command);
  await using server = await serve(observeSimulator(device, tell), command);
  onSignals(stop);

  tell(`${command.simulator} listens at ${urls(server).join(" and ")}`);
  const help = `Type ${actions.map(usage).join(", ")}. Ctrl-C ends it.`;
  tell(help);
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const problem = line.trim() === "help" ? help : perform(line, actions);
    if (problem !== undefined) tell(problem);
  });
  const code = await stopped;
  lines.close();
  return code;
}

async function serve(
  simulator: Parameters<typeof serveSimulator>[0],
  command: SimulateCommand,
): Promise<SimulatorServer> {
  const { host, port, websocketPort, certFile, keyFile } = command;
  const tls =
    certFile === undefined || keyFile === undefined
      ? undefined
      : { cert: await readPem("--cert", certFile), key: await readPem("--key", keyFile) };
  const options: ServeOptions = {
    host,
    port,
    ...(websocketPort === undefined ? {} : { ports: [websocketPort] }),
    ...(tls === undefined ? {} : { tls }),
  };
  try {
    return await serveSimulator(simulator, options);
  } catch (error) {
    throw new UsageError(`Cannot simulate ${command.simulator}: ${describeError(error)}`, {
      cause: error,
    });
  }
}

async function readPem(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(
      `${option} cannot be read from ${JSON.stringify(path)}: ${readProblem(error)}`,
      { cause: error },
    );
  }
}

/** Does what a line says, or returns why not. */
function perform(line: string, actions: readonly Action[]): string | undefined {
  const [name = "", ...words] = line.trim().split(/\s+/);
  if (name === "") return undefined;
  const action = actions.find((candidate) => candidate.name === name);
  if (action === undefined) {
    const names = actions.map((candidate) => candidate.name);
    const suggestion = nearest(name, names);
    return `${JSON.stringify(name)} is nothing that it does. ${suggestion === undefined ? "Type help" : `Did you mean ${suggestion}?`}`;
  }
  const { parameters } = action;
  const needed = parameters.filter((parameter) => !parameter.startsWith("[")).length;
  if (words.length < needed || (parameters.length === 0 && words.length > 0)) {
    return `Write: ${usage(action)}`;
  }
  const last = Math.max(0, parameters.length - 1);
  const args = words.slice(0, last);
  // The last one takes the rest of the line: text has spaces.
  if (words.length > last) args.push(words.slice(last).join(" "));
  try {
    action.run(...args);
    return undefined;
  } catch (error) {
    return `${name}: ${describeError(error)}`;
  }
}

function usage({ name, parameters }: Action): string {
  return [name, ...parameters].join(" ");
}

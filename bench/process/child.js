import process from "node:process";
import { createInterface } from "node:readline";

/**
 * Serves the commands of the parent process: a line of JSON each, answered by another. Ends with standard input.
 *
 * @param handlers functions by command; what they return, or resolve with, is the answer
 */
export async function serve(handlers) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { command, argument } = JSON.parse(line);
    process.stdout.write(`${JSON.stringify(await answer(handlers[command], argument))}\n`);
  }
  process.exit();
}

async function answer(handler, argument) {
  try {
    return { result: await handler(argument) };
  } catch (error) {
    return { error: error?.stack ?? String(error) };
  }
}

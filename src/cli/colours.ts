import { isatty } from "node:tty";

/** Paints text for a terminal, or leaves it as it is. */
export interface Colours {
  readonly red: Paint;
  readonly yellow: Paint;
  readonly dim: Paint;
  readonly bold: Paint;
}

/** Paints one text. */
export type Paint = (text: string) => string;

/** Colours of ANSI terminals. */
export const ansiColours: Colours = {
  red: paint(31, 39),
  yellow: paint(33, 39),
  dim: paint(2, 22),
  bold: paint(1, 22),
};

/** No colours. */
export const noColours: Colours = { red: same, yellow: same, dim: same, bold: same };

/** Colours for a file descriptor: only for a terminal, and not when the environment has `NO_COLOR`. */
export function coloursFor(descriptor: number, environment: NodeJS.ProcessEnv): Colours {
  const refused = (environment["NO_COLOR"] ?? "") !== "" || environment["TERM"] === "dumb";
  return !refused && isatty(descriptor) ? ansiColours : noColours;
}

function paint(on: number, off: number): Paint {
  return (text) => `\u001B[${on}m${text}\u001B[${off}m`;
}

function same(text: string): string {
  return text;
}

/** A fenced block of code in a Markdown text. */
export interface CodeBlock {
  /** Line of the block's first line of code, 1-based. */
  readonly line: number;
  /** First word after the fence: `"js"`, `"ts"`, `"sh"`, or `""`. */
  readonly language: string;
  /** The other words after the fence. */
  readonly marks: readonly string[];
  readonly code: string;
  /** Code of the `text output` block that follows before the next block with marks. */
  readonly output?: string;
}

/**
 * Finds the fenced blocks of a Markdown text. The words after the language say what the tests do with a block:
 *
 * - `js run`, `ts run`: a host program; executed on Node, and type-checked first when it is TypeScript.
 * - `js guest`, `ts guest`: a device script; type-checked against the guest's types and executed in a sandbox.
 * - `ts check`, `js check guest`: type-checked, as a host program or as a device script.
 * - `text output`: what the last block with marks above it prints.
 * - `console`: a command with what it prints; its files are the blocks of the same document that begin with `// <name>`.
 *
 * Every other block is only shown.
 */
export function codeBlocks(markdown: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const lines = markdown.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const fence = openingFence(lines[index] ?? "");
    if (fence === undefined) continue;
    const start = index + 1;
    index = endOfBlock(lines, start, fence);
    const code = lines.slice(start, index).map((line) => line.slice(fence.indent.length));
    const block = blockOf(fence, start + 1, code.join("\n"));
    if (block.language === "text" && block.marks.includes("output")) {
      const printing = blocks.findLastIndex(({ marks }) => marks.length > 0);
      const above = blocks[printing];
      if (above === undefined) throw new Error(`No block prints the output in line ${block.line}`);
      blocks[printing] = { ...above, output: block.code };
    } else {
      blocks.push(block);
    }
  }
  return blocks;
}

interface Fence {
  readonly indent: string;
  readonly ticks: string;
  readonly info: string;
}

function openingFence(line: string): Fence | undefined {
  const match = /^( *)(`{3,})([^`]*)$/.exec(line);
  if (match === null) return undefined;
  const [, indent = "", ticks = "", info = ""] = match;
  return { indent, ticks, info };
}

function endOfBlock(lines: readonly string[], start: number, { indent, ticks }: Fence): number {
  const end = lines.findIndex((line, index) => index >= start && line.trimEnd() === indent + ticks);
  if (end === -1) throw new Error(`The block in line ${start} has no end`);
  return end;
}

function blockOf({ info }: Fence, line: number, code: string): CodeBlock {
  const [language = "", ...marks] = info.trim().split(/\s+/);
  return { line, language, marks, code };
}

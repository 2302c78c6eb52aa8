import { describe, expect, test, vi } from "vitest";
import { createOutput } from "../../src/cli/output.ts";

interface Recorded {
  readonly text: string;
  readonly calls: number;
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Records what is written; each answer is a number of bytes to take, an error to throw, or everything when none is left. */
function recorder(answers: (number | Error)[] = []) {
  const streams = new Map<number, Recorded>();
  const order: number[] = [];
  return {
    order,
    text: (descriptor: number): string => streams.get(descriptor)?.text ?? "",
    calls: (descriptor: number): number => streams.get(descriptor)?.calls ?? 0,
    writeBytes(descriptor: number, bytes: Uint8Array): number {
      const answer = answers.shift() ?? bytes.length;
      if (answer instanceof Error) throw answer;
      const { text, calls } = streams.get(descriptor) ?? { text: "", calls: 0 };
      const taken = Buffer.from(bytes.subarray(0, answer)).toString("latin1");
      streams.set(descriptor, { text: text + taken, calls: calls + 1 });
      order.push(descriptor);
      return answer;
    },
  };
}

describe("the output", () => {
  test("writes at once when it is not batched", () => {
    const record = recorder();
    const output = createOutput({
      isBatched: false,
      onBroken: vi.fn(),
      writeBytes: record.writeBytes,
    });

    output.write("stdout", "a\n");

    expect(record.text(1)).toBe("a\n");
  });

  test("batches the lines of one turn and keeps the order of both streams", async () => {
    const record = recorder();
    const output = createOutput({
      isBatched: true,
      onBroken: vi.fn(),
      writeBytes: record.writeBytes,
    });

    for (let i = 0; i < 1_000; i++) output.write("stdout", "line\n");
    output.write("stderr", "error\n");
    output.write("stdout", "last\n");
    await new Promise((resolve) => setImmediate(resolve));

    expect(record.text(1)).toBe(`${"line\n".repeat(1_000)}last\n`);
    expect(record.order).toEqual([1, 2, 1]);
  });

  test("holds back no more than a batch", () => {
    const record = recorder();
    const output = createOutput({
      isBatched: true,
      onBroken: vi.fn(),
      writeBytes: record.writeBytes,
    });
    const line = `${"x".repeat(1_023)}\n`;

    for (let i = 0; i < 128; i++) output.write("stdout", line);

    expect(record.text(1)).toHaveLength(128 * 1_024);
    expect(record.calls(1)).toBe(2);
  });

  test("writes all bytes to a descriptor that takes some, none for now, or is interrupted", () => {
    const record = recorder([1, systemError("EAGAIN"), systemError("EINTR"), 2]);
    const output = createOutput({
      isBatched: false,
      onBroken: vi.fn(),
      writeBytes: record.writeBytes,
    });

    output.write("stdout", "äöü\n");

    expect(Buffer.from(record.text(1), "latin1").toString()).toBe("äöü\n");
  });

  test("tells once that the reader of standard output has gone, and drops the rest", () => {
    const record = recorder([systemError("EPIPE")]);
    const onBroken = vi.fn();
    const output = createOutput({ isBatched: false, onBroken, writeBytes: record.writeBytes });

    output.write("stdout", "a\n");
    output.write("stdout", "b\n");
    output.write("stderr", "c\n");

    expect(onBroken.mock.calls).toEqual([["EPIPE"]]);
    expect(record.text(1)).toBe("");
    expect(record.text(2)).toBe("c\n");
  });

  test("goes on without standard error", () => {
    const record = recorder([systemError("EPIPE")]);
    const onBroken = vi.fn();
    const output = createOutput({ isBatched: false, onBroken, writeBytes: record.writeBytes });

    output.write("stderr", "a\n");
    output.write("stdout", "b\n");

    expect(onBroken).not.toHaveBeenCalled();
    expect(record.text(1)).toBe("b\n");
  });
});

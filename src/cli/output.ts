import { writeSync } from "node:fs";

/** Standard output and standard error, written in the order of the calls and without a queue that can grow. */
export interface Output {
  write(stream: OutputStream, text: string): void;
  /** Writes what is held back. */
  flush(): void;
}

/** Where text goes. */
export type OutputStream = "stdout" | "stderr";

/** Options of {@link createOutput}. */
export interface OutputOptions {
  /** Whether lines may wait for the end of the current turn of the event loop, so that many are written at once. */
  readonly isBatched: boolean;
  /** Is told once when standard output cannot be written any more. `EPIPE`: its reader has gone. */
  readonly onBroken: (code: string) => void;
  /** Writes some bytes to a file descriptor and returns how many. @defaultValue `fs.writeSync` */
  readonly writeBytes?: (descriptor: number, bytes: Uint8Array) => number;
}

const descriptors: Readonly<Record<OutputStream, number>> = { stdout: 1, stderr: 2 };

/** Characters that wait at most: one write of that size costs little more than one of a line. */
const maxBatch = 64 * 2 ** 10;

/** Makes the output of the command. A slow reader is waited for: the sandbox waits for its observers. */
export function createOutput(options: OutputOptions): Output {
  const writeBytes = options.writeBytes ?? writeSync;
  const broken = new Set<OutputStream>();
  let waiting = "";
  let waitingFor: OutputStream = "stdout";
  let scheduled: NodeJS.Immediate | undefined;

  function flush(): void {
    if (scheduled !== undefined) clearImmediate(scheduled);
    scheduled = undefined;
    const text = waiting;
    waiting = "";
    if (text !== "") writeAll(waitingFor, Buffer.from(text));
  }

  function writeAll(stream: OutputStream, bytes: Uint8Array): void {
    let rest = bytes;
    let pause = 1;
    while (rest.length > 0 && !broken.has(stream)) {
      try {
        rest = rest.subarray(writeBytes(descriptors[stream], rest));
        pause = 1;
      } catch (error) {
        const code = codeOf(error);
        if (code === "EAGAIN") {
          // The descriptor is non-blocking, because another process made it so: wait for its reader here.
          sleep(pause);
          pause = Math.min(pause * 2, 50);
        } else if (code !== "EINTR") breakStream(stream, code);
      }
    }
  }

  function breakStream(stream: OutputStream, code: string): void {
    broken.add(stream);
    if (stream === "stdout") options.onBroken(code);
  }

  return {
    write(stream, text) {
      if (broken.has(stream)) return;
      if (stream !== waitingFor) flush();
      waitingFor = stream;
      waiting += text;
      if (!options.isBatched || waiting.length >= maxBatch) flush();
      else scheduled ??= setImmediate(flush);
    },
    flush,
  };
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  // What Windows says of a pipe without reader.
  if (code === "EOF") return "EPIPE";
  return typeof code === "string" ? code : String(error);
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

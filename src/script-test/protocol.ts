/**
 * What the testing library in the sandbox and the runner outside say to each other: JSON over a WebSocket that leads to the runner. A
 * message with `bytes: true` is followed by a binary one with its data.
 */

/** URL of the runner, as the library reaches it. */
export const runnerUrl = "ws://runner.netdevice.invalid/";

/** From the library. Everything in it is as untrusted as the test. */
export type TestCall =
  /** The tests of the file, in order. */
  | { readonly op: "tests"; readonly tests: readonly TestDeclaration[] }
  /** The test has ended. */
  | { readonly op: "done"; readonly failures: readonly TestFailure[] }
  | { readonly op: "device"; readonly device: number; readonly origin: string }
  | {
      readonly op: "accept";
      readonly peer: number;
      readonly protocol?: string;
    }
  | { readonly op: "refuse"; readonly peer: number; readonly status: number }
  | {
      readonly op: "send";
      readonly peer: number;
      readonly text?: string;
      readonly bytes?: boolean;
    }
  | {
      readonly op: "close";
      readonly peer: number;
      readonly code?: number;
      readonly reason?: string;
    }
  | { readonly op: "ping" | "drop" | "silence"; readonly peer: number }
  | {
      readonly op: "respond";
      readonly request: number;
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly text?: string;
      readonly bytes?: boolean;
    }
  /** Calls that are answered by `result`. */
  | { readonly op: "advance"; readonly call: number; readonly ms: number }
  | { readonly op: "runAll"; readonly call: number }
  | {
      readonly op: "load";
      readonly call: number;
      readonly path: string;
      readonly type?: string;
    };

/** To the library. */
export type TestEvent =
  | { readonly op: "list" }
  | { readonly op: "run"; readonly test: number }
  | {
      readonly op: "connect";
      readonly peer: number;
      readonly device: number;
      readonly url: string;
      readonly protocols: readonly string[];
      readonly headers: Readonly<Record<string, string>>;
    }
  | {
      readonly op: "message";
      readonly peer: number;
      readonly text?: string;
      readonly bytes?: boolean;
    }
  | { readonly op: "closed"; readonly peer: number; readonly code: number; readonly reason: string }
  | { readonly op: "pong"; readonly peer: number }
  | {
      readonly op: "request";
      readonly request: number;
      readonly device: number;
      readonly method: string;
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly bytes: true;
    }
  | {
      readonly op: "result";
      readonly call: number;
      /** Virtual time, in milliseconds. */
      readonly now: number;
      readonly error?: { readonly name: string; readonly message: string; readonly stack: string };
    };

/** A test as its file declares it. */
export interface TestDeclaration {
  /** Names of the groups around it, then its own. */
  readonly names: readonly string[];
  readonly mode: "run" | "skip" | "todo";
  /** Stack of the declaration. */
  readonly stack: string;
}

/** Something that made a test fail. */
export interface TestFailure {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

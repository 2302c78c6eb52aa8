import type { GuestGlobal, LogLevel } from "../boundary.ts";
import { describeError, SandboxError, ScriptError, type ScriptException } from "../errors.ts";
import type { SandboxEvent } from "../events.ts";
import { readModuleText } from "../modules/module-source.ts";
import { resolveSpecifier } from "../modules/resolve-specifier.ts";
import { allowAll } from "../policy/allow-all.ts";
import { createSandboxFrom, type Sandbox } from "../sandbox.ts";
import { determined } from "../testing/determined.ts";
import { type VirtualClock, virtualClock } from "../testing/virtual-clock.ts";
import { type FailureReport, readFailure } from "./failure.ts";
import type { TestCall, TestDeclaration } from "./protocol.ts";
import { libraryName, preparedSource, readLibrary, type TestFile } from "./test-file.ts";
import { TestNetwork } from "./test-network.ts";

/** Options of {@link TestSession}. Plain data: can be posted to another thread. */
export interface TestSessionOptions {
  /** Milliseconds of real time that a test may take, and the evaluation of its file before. */
  readonly timeout: number;
  /** Bytes of the sandbox's memory. @defaultValue 16 MiB: what is reserved keeps the collector of the host's garbage busy */
  readonly memory?: number;
  /** Globals of the scripts. @defaultValue as in sandboxes */
  readonly globals?: readonly GuestGlobal[];
  /** `NetworkDevice.args` of the scripts. @defaultValue none */
  readonly args?: readonly string[];
}

/** A line that a script printed. */
export interface ConsoleLine {
  readonly level: LogLevel;
  readonly message: string;
}

/** What came of one test. */
export interface TestOutcome {
  readonly failures: readonly FailureReport[];
  readonly lines: readonly ConsoleLine[];
  /** Milliseconds of virtual time. */
  readonly virtualTime: number;
}

/** A fresh sandbox with a test file in it, in time of its own. */
export class TestSession {
  readonly #file: TestFile;
  readonly #options: TestSessionOptions;
  readonly #clock: VirtualClock = virtualClock();
  readonly #network: TestNetwork;
  /** In real time; for what is going on now: the file's evaluation, then the test. */
  #deadline = Number.POSITIVE_INFINITY;
  readonly #shift: number;
  readonly #source: string;
  #sandbox: Sandbox | undefined;
  #failures: FailureReport[] = [];
  #uncaught: ScriptException[] = [];
  readonly #lines: ConsoleLine[] = [];
  #tests: readonly TestDeclaration[] | undefined;
  #isDone = false;
  #end: string | undefined;
  /** Calls to `clock.advance()` that go on. */
  #advances = 0;

  constructor(file: TestFile, options: TestSessionOptions) {
    const { text, shift } = preparedSource(file);
    this.#file = file;
    this.#options = options;
    this.#source = text;
    this.#shift = shift;
    this.#network = new TestNetwork({
      clock: this.#clock,
      heard: (call) => this.#heard(call),
      tampered: (problem) =>
        this.#fail(`The testing library sent ${problem}: a script has changed it`),
    });
  }

  /** The tests that the file declares; failures where it does not evaluate. */
  async list(): Promise<{
    readonly tests: readonly TestDeclaration[];
    readonly outcome: TestOutcome;
  }> {
    if (await this.#evaluate()) {
      this.#network.tell({ op: "list" });
      await this.#drive(() => this.#tests !== undefined, "The file");
    }
    return { tests: this.#tests ?? [], outcome: await this.#close() };
  }

  /** Runs one test of the file. */
  async run(test: number): Promise<TestOutcome> {
    if (await this.#evaluate()) {
      this.#network.tell({ op: "run", test });
      await this.#drive(() => this.#isDone, "The test");
      if (this.#isDone && this.#end !== undefined) {
        // What interrupted the script looked like an exception to it.
        this.#failures = [];
        this.#fail(this.#end);
      }
    }
    return this.#close();
  }

  /** Evaluates the file; answers whether that went well. */
  async #evaluate(): Promise<boolean> {
    const { timeout, memory = 2 ** 24, globals, args } = this.#options;
    const sandbox = await createSandboxFrom(
      {
        isolation: "none",
        clock: this.#clock,
        transport: this.#network,
        // There is no other network than the devices.
        policy: allowAll,
        modules: this.#file.root,
        limits: { maxTurnTime: timeout, maxMemory: memory },
        observe: (event) => this.#observe(event),
        ...(globals === undefined ? {} : { globals }),
        ...(args === undefined ? {} : { args }),
      },
      determined(1, this.#clock),
    );
    this.#sandbox = sandbox;
    let state = "running";
    const evaluate = async (): Promise<void> => {
      await sandbox.run(readLibrary(), { name: libraryName, type: "script" });
      await sandbox.run(this.#source, { name: this.#file.name, type: "module" });
      state = "ready";
    };
    evaluate().catch((error: unknown) => {
      state = "failed";
      this.#rejected(error);
    });
    await this.#drive(() => state !== "running", "The file");
    return state === "ready" && this.#failures.length === 0;
  }

  #rejected(error: unknown): void {
    if (error instanceof ScriptError) {
      this.#forget(error.exception);
      this.#failures.push(readFailure(error.exception, this.#file.name, this.#shift));
    } else this.#fail(describeError(error));
  }

  /** Lets virtual time pass until something is the case, or cannot be any more. */
  async #drive(isOver: () => boolean, who: string): Promise<void> {
    let lastForeground = 0;
    this.#deadline = performance.now() + this.#options.timeout;
    while (!isOver() && this.#end === undefined) {
      if (performance.now() > this.#deadline) {
        this.#end = this.#outOfTime();
      } else if (this.#advances > 0) await settle();
      else {
        if (this.#clock.scheduled > 0) lastForeground = this.#clock.now();
        const isAlive = await this.#step();
        const isSilent = this.#clock.now() - lastForeground > maxSilence;
        if ((!isAlive || isSilent) && !isOver() && this.#advances === 0) {
          this.#end ??= `${who} waits for something that cannot happen any more: no timer, message, connection or job is left`;
        }
      }
    }
    if (!isOver() && this.#end !== undefined) this.#fail(this.#end);
  }

  #outOfTime(): string {
    return `It did not end within ${this.#options.timeout} ms (${this.#clock.now()} ms of virtual time). What never ends: an interval that is not cleared while the test waits, or sides that answer each other for ever. --timeout gives it more time`;
  }

  async #step(until?: number): Promise<boolean> {
    try {
      return await this.#clock.step(until);
    } catch (error) {
      // A peer of the runner's own; what handlers in the sandbox throw is told by the library.
      this.#fail(describeError(error));
      return true;
    }
  }

  #heard(call: TestCall): void {
    switch (call.op) {
      case "tests":
        this.#tests ??= call.tests;
        break;
      case "done":
        this.#isDone = true;
        for (const failure of call.failures) {
          this.#failures.push(readFailure(failure, this.#file.name, this.#shift));
        }
        break;
      case "advance":
        void this.#advance(call.call, this.#clock.now() + call.ms);
        break;
      case "runAll":
        void this.#runAll(call.call);
        break;
      case "load":
        void this.#load(call);
        break;
      case "device":
      case "accept":
      case "refuse":
      case "send":
      case "close":
      case "ping":
      case "drop":
      case "silence":
      case "respond":
        break;
    }
  }

  async #advance(call: number, until: number): Promise<void> {
    this.#advances++;
    await settle();
    while (this.#isInTime && (await this.#step(until)));
    const isInTime = this.#isInTime;
    if (isInTime) await this.#clock.advance(Math.max(0, until - this.#clock.now()));
    this.#advances--;
    // Whoever is out of time must not go on as if it had come.
    if (isInTime) this.#answer(call);
    else this.#end ??= this.#outOfTime();
  }

  async #runAll(call: number): Promise<void> {
    const until = this.#clock.now() + maxVirtualTime;
    this.#advances++;
    await settle();
    while (this.#isInTime && this.#clock.scheduled > 0 && (await this.#step(until)));
    this.#advances--;
    if (!this.#isInTime) this.#end ??= this.#outOfTime();
    else if (this.#clock.scheduled === 0) this.#answer(call);
    else {
      const message = `Something still waits after a day of virtual time: an interval that is never cleared. Use clock.advance(ms)`;
      this.#answer(call, { name: "Error", message, stack: "" });
    }
  }

  get #isInTime(): boolean {
    return this.#end === undefined && performance.now() <= this.#deadline;
  }

  async #load({ call, path, type }: Extract<TestCall, { readonly op: "load" }>): Promise<void> {
    try {
      const name = resolveSpecifier(this.#file.name, path);
      const source = readModuleText(this.#file.root, name);
      await this.#sandbox?.run(
        source,
        type === "script" || type === "module" ? { name, type } : { name },
      );
      this.#answer(call);
    } catch (error) {
      if (error instanceof ScriptError) {
        this.#forget(error.exception);
        const { name, message, stack } = error.exception;
        this.#answer(call, { name, message, stack });
      } else {
        const message = error instanceof SandboxError ? error.message : describeError(error);
        this.#answer(call, {
          name: error instanceof Error ? error.name : "Error",
          message,
          stack: "",
        });
      }
    }
  }

  #answer(
    call: number,
    error?: { readonly name: string; readonly message: string; readonly stack: string },
  ): void {
    const now = this.#clock.now();
    this.#network.tell({ op: "result", call, now, ...(error === undefined ? {} : { error }) });
  }

  #observe(event: SandboxEvent): void {
    if (event.type === "killed") {
      this.#end ??= performance.now() > this.#deadline ? this.#outOfTime() : event.message;
    } else if (event.type === "error") {
      if (this.#uncaught.length < maxKept) this.#uncaught.push(event.exception);
    } else if (event.type === "console" && this.#lines.length < maxLines) {
      const { level, message } = event;
      this.#lines.push({ level, message: message.slice(0, maxLineLength) });
    }
  }

  /** An exception that was thrown at whoever waits for it is no uncaught one. */
  #forget({ name, message, stack }: ScriptException): void {
    const index = this.#uncaught.findLastIndex(
      (other) => other.name === name && other.message === message && other.stack === stack,
    );
    if (index !== -1) this.#uncaught.splice(index, 1);
  }

  #fail(message: string): void {
    if (this.#failures.length >= maxKept) return;
    this.#failures.push({ name: "", message, stack: "", position: undefined });
  }

  async #close(): Promise<TestOutcome> {
    const virtualTime = this.#clock.now();
    if (this.#end === undefined) await this.#clock.advance(0).catch(() => {});
    const uncaught = this.#uncaught.filter(({ message }) => message !== "interrupted");
    for (const exception of uncaught.slice(0, maxUncaught)) {
      const failure = readFailure(exception, this.#file.name, this.#shift);
      this.#failures.push({ ...failure, message: `${failure.message} (nobody caught it)` });
    }
    const closing = this.#sandbox?.close();
    // The sockets get their time to close, too.
    await this.#clock.advance(closeTime).catch(() => {});
    await closing;
    return { failures: this.#failures, lines: this.#lines, virtualTime };
  }
}

/** Milliseconds of virtual time without anything but keepalive after which nothing more is expected. */
const maxSilence = 600_000;
const maxVirtualTime = 86_400_000;

/** More than a sandbox gives its sockets. */
const closeTime = 1_000;

const maxLines = 200;
const maxLineLength = 2_000;
const maxUncaught = 5;

/** Failures and exceptions that are kept: a script can throw for ever. */
const maxKept = 100;

function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

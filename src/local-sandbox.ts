import { systemClock, type Clock } from "./clock.ts";
import type { CompiledEngine } from "./engine/compiled-engine.ts";
import { createEngine, type Engine } from "./engine/engine.ts";
import { isGuestFailure } from "./engine/guest.ts";
import { createMemoryGauge } from "./engine/memory-gauge.ts";
import { JobOverrunError, TurnOverrunError } from "./engine/turn-queue.ts";
import { SandboxError } from "./errors.ts";
import type { KillCause, SandboxEvent, SandboxEventDetail } from "./events.ts";
import { jobOverrun, type Limits, turnOverrun } from "./limits.ts";
import {
  createModuleLoader,
  type ModuleLoader,
  type ModuleSource,
} from "./modules/module-source.ts";
import { SourceError } from "./modules/source-error.ts";
import { createTypeStripper, isTypeScript } from "./modules/strip-types.ts";
import { NetworkDevice, type NetworkDeviceOptions } from "./network-device.ts";
import type { NetworkPolicy } from "./policy/policy.ts";

/** What {@link createLocalSandbox} needs; all defaults are filled in. */
export interface LocalSandboxOptions extends Pick<
  NetworkDeviceOptions,
  | "policy"
  | "delivery"
  | "globals"
  | "baseUrl"
  | "args"
  | "trace"
  | "transport"
  | "watch"
  | "random"
  | "maxSlice"
  | "taskStarted"
> {
  readonly limits: Limits;
  readonly modules: ModuleSource | undefined;
  readonly clock: Clock;
  /** The engine to use; what becomes of it after the sandbox is the caller's. @defaultValue one of its own */
  readonly engine?: Engine | undefined;
  readonly compiled?: CompiledEngine | undefined;
  /** See `EngineOptions.seed`. */
  readonly seed?: Uint8Array | undefined;
  /** Must not throw. */
  emit(event: SandboxEvent): void;
  /** Is called now and then while a script runs: what waits for the end of the turn can go out. Must not throw. */
  readonly whileRunning?: () => void;
  /** Is called once, when the sandbox is closed, with the error that closed it, if any. */
  closed(error: SandboxError | undefined): void;
}

/** What a sandbox consumes. */
export interface Usage {
  /** Bytes of the engine's memory in use, as the engine counts them. */
  readonly memory: number;
  /** Connections that are not closed yet. */
  readonly connections: number;
  /** Timers that wait. */
  readonly timers: number;
  /** Events that wait for the script. */
  readonly queuedEvents: number;
  /** Payload bytes that wait for the network. */
  readonly bufferedBytes: number;
}

/** A sandbox on this thread: an engine of its own with a {@link NetworkDevice}. */
export interface LocalSandbox {
  /** See `Sandbox.run`. */
  run(source: string, name: string, type: "script" | "module"): Promise<void>;
  /** See `Sandbox.idle`. */
  idle(): Promise<void>;
  /** See `Sandbox.setPolicy`. */
  setPolicy(policy: NetworkPolicy): Promise<void>;
  /** See `Sandbox.setOnline`. */
  setOnline(online: boolean): Promise<void>;
  /** See `Sandbox.usage`. */
  usage(): Promise<Usage>;
  /** See `Sandbox.close`. */
  close(): Promise<void>;
  /** Gives the running turn more time: it waited for the host. */
  extendTurn(ms: number): void;
}

/**
 * Creates a {@link LocalSandbox}.
 *
 * @throws {SandboxError} `ERR_ENGINE` if the engine cannot be started.
 */
export async function createLocalSandbox(options: LocalSandboxOptions): Promise<LocalSandbox> {
  const { limits, clock } = options;
  const engine =
    options.engine ??
    (await createEngine({
      maxMemory: limits.maxMemory,
      maxStack: limits.maxStack,
      compiled: options.compiled,
      seed: options.seed,
      wallNow: clock === systemClock ? undefined : clock.wallNow?.bind(clock),
    }));
  const start = clock.now();
  const end = createEnd();
  let closing: Promise<void> | undefined;
  /** What ends the sandbox by itself: whoever is told of it may close, and does not change it. */
  let failure: SandboxError | undefined;
  let isClosed = false;

  function emit(event: SandboxEventDetail): void {
    if (!isClosed) options.emit({ time: clock.now() - start, ...event });
  }

  const device = new NetworkDevice({
    ...options,
    context: engine.context,
    guest: { runtime: engine.entries ?? (await loadBundle()), rejections: engine.rejections },
    maxTurnTime: limits.maxTurnTime,
    maxMicrotasks: limits.maxMicrotasks,
    emit,
    failed(error) {
      const { error: reason, limit, cause } = explainFailure(error, limits);
      failure = reason;
      if (limit !== undefined) emit({ type: "limit", limit });
      emit({ type: "killed", cause, message: reason.message });
      void finish();
    },
  });
  engine.shouldInterrupt = () => {
    options.whileRunning?.();
    return device.isOverdue();
  };
  const gauge = createMemoryGauge(engine.context);
  const stripper = createTypeStripper();
  if (options.modules !== undefined) {
    enableModules(engine, createModuleLoader(options.modules, limits.maxScriptBytes, stripper));
  }

  function finish(): Promise<void> {
    if (closing !== undefined) return closing;
    let begin = (): void => {};
    closing = new Promise((resolve) => {
      begin = () => resolve(close());
    });
    // Only now: whoever is told of what it does may close, too.
    begin();
    return closing;
  }

  async function close(): Promise<void> {
    const unwound = device.close(() => {
      // A broken engine is not touched again: dropping it is what frees it. Nor is a sound one disposed of: without references to
      // it everything goes with the garbage collector, for nothing.
      if (failure !== undefined) return;
      device.release();
      gauge[Symbol.dispose]();
    });
    end.reject(failure ?? new SandboxError("ERR_CLOSED", "The sandbox is closed"));
    await unwound;
    isClosed = true;
    options.closed(failure);
  }

  return {
    run(source, name, type) {
      // In the turn: a source can be made to keep the compiler busy.
      const prepare = (): string =>
        isTypeScript(name) ? stripper.strip(source, name, type) : source;
      return end.before(device.run(prepare, name, type));
    },
    setPolicy: (policy) => end.before(device.setPolicy(policy)),
    setOnline: (online) => end.before(device.setOnline(online)),
    async idle() {
      if (closing === undefined) await device.idle();
      await closing;
    },
    async usage() {
      const { memory, timers } = await end.before(
        device.inspect((guest) =>
          gauge.read((memory) => ({ memory, timers: guest.countTimers() })),
        ),
      );
      return {
        memory,
        connections: device.connections,
        timers,
        queuedEvents: device.queuedEvents,
        bufferedBytes: device.bufferedBytes,
      };
    },
    close: finish,
    extendTurn: (ms) => device.extendTurn(ms),
  };
}

async function loadBundle(): Promise<string> {
  const { guestBundle } = await import("#guest-bundle");
  return guestBundle;
}

/** The end of a sandbox, which what waits for a script does not outlive. */
interface End {
  /** Settles as `work` does, or is rejected when the sandbox ends before. */
  before<Value>(work: Promise<Value>): Promise<Value>;
  reject(error: SandboxError): void;
}

function createEnd(): End {
  // Not one promise for all: each race with it would stay with it for the life of the sandbox.
  const waiting = new Set<(error: SandboxError) => void>();
  let ended: SandboxError | undefined;
  return {
    before: (work) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) reject(ended);
        else waiting.add(reject);
        // What comes after the end is heard by nobody.
        const settled = (): void => void waiting.delete(reject);
        work.then(resolve, reject).then(settled, settled);
      }),
    reject(error) {
      ended = error;
      for (const reject of waiting) reject(error);
      waiting.clear();
    },
  };
}

function explainFailure(
  error: unknown,
  limits: Limits,
): {
  readonly error: SandboxError;
  readonly limit: keyof Limits | undefined;
  readonly cause: KillCause;
} {
  if (error instanceof TurnOverrunError) {
    return { cause: "cpu", limit: "maxTurnTime", error: turnOverrun(limits, { cause: error }) };
  }
  if (error instanceof JobOverrunError) {
    return { cause: "cpu", limit: "maxMicrotasks", error: jobOverrun(limits, { cause: error }) };
  }
  if (isGuestFailure(error)) {
    return {
      cause: "memory",
      limit: "maxMemory",
      error: new SandboxError(
        "ERR_LIMIT",
        `The script left no memory for the next event within limits.maxMemory (${limits.maxMemory} bytes)`,
        { cause: error },
      ),
    };
  }
  return {
    cause: "engine",
    limit: undefined,
    error: new SandboxError(
      "ERR_ENGINE",
      "The engine broke while the script ran; the sandbox is discarded",
      {
        cause: error,
      },
    ),
  };
}

function enableModules(engine: Engine, loader: ModuleLoader): void {
  engine.runtime.setModuleLoader(
    (name) => guarded(() => loader.load(name)),
    (base, specifier) => guarded(() => loader.normalize(base, specifier)),
  );
}

/** Hands the loader's own explanation to the script; every other error stays on the host. */
function guarded(work: () => string): string | { error: Error } {
  try {
    return work();
  } catch (error) {
    return {
      error: error instanceof SourceError ? error : new Error("The module cannot be loaded"),
    };
  }
}

import type { GuestGlobal } from "../boundary.ts";
import type { CompiledEngine } from "../engine/compiled-engine.ts";
import type { SandboxErrorCode, ScriptException } from "../errors.ts";
import type { ConnectionFailure, FailureStage, SandboxEvent } from "../events.ts";
import type { Limits } from "../limits.ts";
import type { Usage } from "../local-sandbox.ts";
import type { ModuleSource } from "../modules/module-source.ts";
import type { PolicyRules, Verdict } from "../policy/policy.ts";
import type {
  CloseInfo,
  Handshake,
  HttpHead,
  HttpRequest,
  TransportRequest,
} from "../transport/transport.ts";

/** What a sandbox's thread is told to be. Everything in this file is plain data that can be posted. */
export interface WorkerOptions {
  /** Rules, or nothing when the policy is a function that is asked outside. */
  readonly policy: PolicyRules | undefined;
  readonly limits: Limits;
  readonly delivery: "auto" | "update";
  readonly globals: readonly GuestGlobal[];
  readonly baseUrl: string | undefined;
  readonly modules: Exclude<ModuleSource, URL> | undefined;
  readonly args: readonly string[];
  readonly trace: boolean;
  /** Whether somebody observes: otherwise no event leaves the thread. */
  readonly isObserved: boolean;
  /** Whether connections are made outside, by the embedder's transport. */
  readonly isTransportOutside: boolean;
  /** See `shared-state.ts`. */
  readonly shared: SharedArrayBuffer;
  /** See `task-slots.ts`. */
  readonly taskSlots: SharedArrayBuffer;
}

/** What goes to the sandbox's thread. */
export type ToWorker =
  /** The first message, and the only one of its type. */
  | {
      readonly type: "start";
      readonly options: WorkerOptions;
      readonly compiled: CompiledEngine;
      readonly seed: Uint8Array;
    }
  | {
      readonly type: "run";
      readonly call: number;
      readonly source: string;
      readonly name: string;
      readonly kind: "script" | "module";
    }
  | { readonly type: "idle" | "usage"; readonly call: number }
  /** Rules, or nothing when the policy is a function that is asked outside. */
  | {
      readonly type: "policy";
      readonly call: number;
      readonly policy: PolicyRules | undefined;
    }
  | { readonly type: "online"; readonly call: number; readonly online: boolean }
  | { readonly type: "close" }
  | { readonly type: "verdict"; readonly request: number; readonly verdict: Verdict }
  /** The policy function threw, or its answer cannot be posted. */
  | { readonly type: "undecided"; readonly request: number; readonly message: string }
  | TransportEvent
  | ExchangeEvent;

/** What comes from the sandbox's thread. */
export type FromWorker =
  | { readonly type: "started" }
  | { readonly type: "answer"; readonly call: number; readonly value: Usage | undefined }
  | { readonly type: "failure"; readonly call: number; readonly error: ErrorData }
  | { readonly type: "closed"; readonly error: ErrorData | undefined }
  /** `bytes` is what the worker counted for them: it is acknowledged when they have been observed. */
  | { readonly type: "events"; readonly events: readonly SandboxEvent[]; readonly bytes: number }
  /** The guest is running again: the watchdog looks at the shared state from now on. */
  | { readonly type: "busy" }
  | {
      readonly type: "decide";
      readonly request: number;
      readonly url: string;
      readonly protocols: readonly string[];
      readonly hasUrlCredentials: boolean;
    }
  | { readonly type: "undecide"; readonly request: number }
  | TransportCommand
  | ExchangeCommand;

/** To the embedder's transport. */
export type TransportCommand =
  | { readonly type: "connect"; readonly connection: number; readonly request: TransportRequest }
  | {
      readonly type: "send";
      readonly connection: number;
      readonly data: string | Uint8Array<ArrayBuffer>;
    }
  | {
      readonly type: "disconnect";
      readonly connection: number;
      readonly code: number | undefined;
      readonly reason: string | undefined;
    }
  /** A message of so many bytes has been taken over: more may come. */
  | { readonly type: "taken"; readonly connection: number; readonly bytes: number }
  /** `heard`: the latest `received` has been taken, another may come. */
  | {
      readonly type: "abort" | "pause" | "resume" | "ping" | "heard";
      readonly connection: number;
    };

/** From the embedder's transport. */
export type TransportEvent =
  | { readonly type: "reached"; readonly connection: number; readonly stage: FailureStage }
  | {
      readonly type: "opened";
      readonly connection: number;
      readonly handshake: Handshake;
      /** Whether the transport can ask the peer for a sign of life. */
      readonly canPing: boolean;
    }
  | { readonly type: "received"; readonly connection: number; readonly pendingBytes: number }
  | {
      readonly type: "text" | "binary";
      readonly connection: number;
      readonly data: string | Uint8Array<ArrayBuffer>;
      /** What is answered with `taken`. */
      readonly bytes: number;
    }
  /** So many messages have left, with so many bytes of payload. */
  | {
      readonly type: "sent";
      readonly connection: number;
      readonly bytes: number;
      readonly messages: number;
    }
  | { readonly type: "disconnected"; readonly connection: number; readonly close: CloseInfo };

/** To the embedder's transport, about requests of HTTP. */
export type ExchangeCommand =
  | { readonly type: "request"; readonly exchange: number; readonly request: HttpRequest }
  /** Part of a body of so many bytes has been taken over: more may come. */
  | { readonly type: "exchangeTaken"; readonly exchange: number; readonly bytes: number }
  | {
      readonly type: "exchangeAbort" | "exchangePause" | "exchangeResume";
      readonly exchange: number;
    };

/** From the embedder's transport, about requests of HTTP. */
export type ExchangeEvent =
  | { readonly type: "exchangeReached"; readonly exchange: number; readonly stage: FailureStage }
  | { readonly type: "head"; readonly exchange: number; readonly head: HttpHead }
  | {
      readonly type: "body";
      readonly exchange: number;
      readonly data: Uint8Array<ArrayBuffer>;
      /** What is answered with `exchangeTaken`. */
      readonly bytes: number;
    }
  | { readonly type: "exchangeEnd"; readonly exchange: number }
  | {
      readonly type: "exchangeFailed";
      readonly exchange: number;
      readonly failure: ConnectionFailure;
    };

/** An error in plain data: errors lose their class and code on the way between threads. */
export interface ErrorData {
  readonly code: SandboxErrorCode;
  readonly message: string;
  readonly exception: ScriptException | undefined;
  /** Message of the cause. */
  readonly cause: string | undefined;
}

export { type BindOptions, bindNetworkDevice, type NetworkBinding } from "./bind.ts";
export type { GuestGlobal, LogLevel } from "./boundary.ts";
export { type Clock, type ScheduleOptions, systemClock } from "./clock.ts";
export {
  SandboxError,
  type SandboxErrorCode,
  ScriptError,
  type ScriptException,
  type ScriptPosition,
} from "./errors.ts";
export type {
  ConnectionFailure,
  FailureCode,
  FailureStage,
  KillCause,
  Observer,
  SandboxEvent,
  SandboxEventDetail,
} from "./events.ts";
export {
  defaultLimits,
  type GuestLimits,
  type Limits,
  type NetworkLimits,
  strictLimits,
} from "./limits.ts";
export type { Usage } from "./local-sandbox.ts";
export type { ModuleSource } from "./modules/module-source.ts";
export {
  createSourceMapper,
  type MappedSource,
  type SourceMapper,
} from "./modules/source-mapper.ts";
export { denyAll } from "./options.ts";
export { allLoopback, type AllowOptions, allowOrigins } from "./policy/allow-origins.ts";
export { parsePolicyFile } from "./policy/policy-file.ts";
export type {
  AddressRules,
  ConnectionRequest,
  ConnectOptions,
  Grant,
  NetworkPolicy,
  PolicyFunction,
  PolicyRules,
  TlsOptions,
  Verdict,
} from "./policy/policy.ts";
export { prepareSandboxes } from "./prepare.ts";
export { createSandbox, type RunOptions, type Sandbox, type SandboxOptions } from "./sandbox.ts";
export type {
  CloseInfo,
  Handshake,
  Transport,
  TransportConnection,
  TransportRequest,
  TransportSink,
} from "./transport/transport.ts";
export { wsTransport } from "./transport/ws.ts";
export type { WsTransportOptions } from "./transport/ws-transport-options.ts";

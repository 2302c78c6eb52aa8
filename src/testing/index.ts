export type { ConnectionEnd, ConversationOptions, Frame, TestConnection } from "./conversation.ts";
export { parseHar, type ParseHarOptions } from "../recording/parse-har.ts";
export { type HarRecorder, recordHar, type RecordHarOptions } from "../recording/record-har.ts";
export type {
  RecordedConnection,
  RecordedEvent,
  RecordedExchange,
  Recording,
} from "../recording/recording.ts";
export { RecordingError, type RecordingErrorCode } from "../recording/recording-error.ts";
export { type Replay, replayPeers, type ReplayOptions } from "../recording/replay-peers.ts";
export type { Drift, DriftKind } from "../recording/drift.ts";
export type { Har, HarEntry, HarMessage } from "../recording/har-format.ts";
export type { JsonDifference } from "../recording/json-difference.ts";
export type { MatchRule, RecordedData } from "../recording/message-match.ts";
export {
  closeWith,
  halfOpen,
  reset,
  resetMidMessage,
  serverRestart,
  type ServerRestartOptions,
} from "./faults/breaking.ts";
export { latency, neverAnswer, refuse, slowHandshake } from "./faults/connecting.ts";
export type { Attempt, Fault, FaultTrigger, FaultWorld, FaultyNetwork } from "./faults/fault.ts";
export {
  faulty,
  type FaultyPeer,
  faultyTransport,
  type FaultyTransportOptions,
} from "./faults/faulty.ts";
export {
  type Bandwidth,
  bandwidth,
  duplicate,
  type DuplicateOptions,
  fragmentation,
  type FragmentationOptions,
  reorder,
  type ReorderOptions,
  slowReader,
} from "./faults/messages.ts";
export {
  type InterceptedConnection,
  type InterceptOptions,
  interceptTransport,
} from "./intercept-transport.ts";
export type { DownItem, Filter, Link, MessageData, UpItem } from "./relay.ts";
export {
  type HttpTransport,
  type Peers,
  simulatedTransport,
  type SimulatedTransportOptions,
} from "./simulated-transport.ts";
export type { TestRedirect, TestRequest, TestResponse } from "./test-request.ts";
export type { TestSandbox } from "./driven-sandbox.ts";
export { createTestSandbox, type TestSandboxOptions } from "./test-sandbox.ts";
export { TestError, type TestErrorCode } from "./test-error.ts";
export {
  type RunAllOptions,
  type VirtualClock,
  virtualClock,
  type VirtualClockOptions,
} from "./virtual-clock.ts";
export type {
  SimulatedPeer,
  SimulatedPort,
  SimulatedRequest,
  SimulatedResponse,
  Simulator,
} from "../simulators/simulator.ts";

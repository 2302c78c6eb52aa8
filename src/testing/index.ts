export type { ConnectionEnd, ConversationOptions, Frame, TestConnection } from "./conversation.ts";
export {
  type HttpTransport,
  type Peers,
  simulatedTransport,
  type SimulatedTransportOptions,
} from "./simulated-transport.ts";
export { createTestSandbox, type TestSandbox, type TestSandboxOptions } from "./test-sandbox.ts";
export { TestError, type TestErrorCode } from "./test-error.ts";
export {
  type RunAllOptions,
  type VirtualClock,
  virtualClock,
  type VirtualClockOptions,
} from "./virtual-clock.ts";

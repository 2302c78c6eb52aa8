export type { Clock } from "../clock.ts";
export { type ClownHub, type ClownHubOptions, createClownHub } from "./clown-hub.ts";
export type { ClownQuantity, ClownRelay, ClownSensor } from "./clown-nodes.ts";
export type { DeconzErrorType } from "./deconz-config.ts";
export {
  createDeconz,
  type Deconz,
  type DeconzChange,
  type DeconzOptions,
  type DeconzResource,
} from "./deconz.ts";
export type { SimulatedDevice } from "./device.ts";
export { createEcho, type Echo, type EchoOptions } from "./echo.ts";
export { createNetzer, type Netzer, type NetzerOptions } from "./netzer.ts";
export { type ServeOptions, serveSimulator, type SimulatorServer } from "./serve.ts";
export type {
  SimulatedPeer,
  SimulatedPort,
  SimulatedRequest,
  SimulatedResponse,
  Simulator,
} from "./simulator.ts";
export {
  createTurbulenzChat,
  type TurbulenzChat,
  type TurbulenzChatOptions,
} from "./turbulenz-chat.ts";

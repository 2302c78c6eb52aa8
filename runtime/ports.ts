/** What transfers and message events need of ports. There are none before the part `messaging` is evaluated. */
export interface PortOperations {
  isPort(value: unknown): value is object;
  /** Whether it has been closed or transferred: it cannot be transferred any more. */
  isDetached(port: object): boolean;
  /** A port that nothing is connected to. */
  create(): object;
  /** Makes `to` what `from` has been, with all messages that wait. */
  move(from: object, to: object): void;
}

export let portOperations: PortOperations | undefined;

/** Takes the operations. */
export function connectPorts(given: PortOperations): void {
  portOperations = given;
}

export function isPort(value: unknown): value is object {
  return portOperations?.isPort(value) === true;
}

/* Channel messaging of the HTML standard. */

interface StructuredSerializeOptions {
  transfer?: readonly (ArrayBuffer | MessagePort)[];
}

declare function structuredClone<Value>(value: Value, options?: StructuredSerializeOptions): Value;

interface MessagePort extends EventTarget {
  /** Setting it starts the port. */
  onmessage: ((this: MessagePort, event: MessageEvent) => unknown) | null;
  onmessageerror: ((this: MessagePort, event: MessageEvent) => unknown) | null;
  onclose: ((this: MessagePort, event: Event) => unknown) | null;
  postMessage(message: unknown, transfer: Iterable<ArrayBuffer | MessagePort>): void;
  postMessage(message: unknown, options?: StructuredSerializeOptions): void;
  start(): void;
  close(): void;
  addEventListener(
    type: "message" | "messageerror",
    listener:
      | ((this: MessagePort, event: MessageEvent) => unknown)
      | { handleEvent(event: MessageEvent): unknown }
      | null,
    options?: AddEventListenerOptions | boolean,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrObject | null,
    options?: AddEventListenerOptions | boolean,
  ): void;
}
declare var MessagePort: { prototype: MessagePort };

interface MessageChannel {
  readonly port1: MessagePort;
  readonly port2: MessagePort;
}
declare var MessageChannel: { prototype: MessageChannel; new (): MessageChannel };

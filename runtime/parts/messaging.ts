import { defineInterface } from "../interface.ts";
import type { PartInstaller } from "../parts.ts";
import { connectPorts } from "../ports.ts";
import { illegalInvocation } from "../webidl.ts";
import { createEntangledPorts, defineMessagePort, operations } from "./message-port.ts";

/** `MessageChannel`, which schedulers use for their tasks. */
export const install: PartInstaller<"messaging"> = (scope, target) => {
  connectPorts(operations);
  defineMessagePort(target, scope);
  defineInterface(target, MessageChannel, { name: "MessageChannel" });
};

/** @see https://html.spec.whatwg.org/multipage/web-messaging.html#message-channels */
class MessageChannel {
  readonly #port1: object;
  readonly #port2: object;

  constructor() {
    const { 0: one, 1: other } = createEntangledPorts();
    this.#port1 = one;
    this.#port2 = other;
  }

  get port1(): object {
    if (!(#port1 in this)) illegalInvocation();
    return this.#port1;
  }

  get port2(): object {
    if (!(#port2 in this)) illegalInvocation();
    return this.#port2;
  }
}

import { type Clock, systemClock } from "../../clock.ts";
import { SandboxError } from "../../errors.ts";
import type { Simulator } from "../../simulators/simulator.ts";
import type { Transport } from "../../transport/transport.ts";
import { Relay } from "../relay.ts";
import { seededRandom } from "../seeded-random.ts";
import type { Attempt, Fault, FaultWorld, FaultyNetwork } from "./fault.ts";
import { FaultyExchange } from "./faulty-exchange.ts";

/** A simulator behind a network with faults. Made by {@link faulty}. */
export interface FaultyPeer {
  readonly simulator: Simulator;
  readonly faults: readonly Fault[];
}

/**
 * Puts faults between scripts and a simulator: `{ "ws://lamp.test": faulty(lamp, latency(40), reset({ afterMessages: 3 })) }`. The first is
 * the nearest to the script.
 */
export function faulty(simulator: Simulator, ...faults: readonly Fault[]): FaultyPeer {
  checkFaults(faults);
  return { simulator, faults };
}

/** Options of {@link faultyTransport}. */
export interface FaultyTransportOptions {
  /** The time of the transport. @defaultValue {@link systemClock} */
  readonly clock?: Clock;
  /** @defaultValue 1 */
  readonly seed?: number;
}

/** Puts faults between scripts and any transport, also one to real servers. The first is the nearest to the script. */
export function faultyTransport<Inner extends Transport>(
  transport: Inner,
  faults: readonly Fault[],
  { clock = systemClock, seed = 1 }: FaultyTransportOptions = {},
): Inner {
  checkFaults(faults);
  const world = { clock, random: seededRandom(seed) };
  // It has what `transport` has: `connect`, and `request` if there is one.
  return faults.reduceRight<Transport>(
    (inner, fault) => withFault(inner, fault.start(world), world),
    transport,
  ) as Inner;
}

function withFault(transport: Transport, network: FaultyNetwork, { clock }: FaultWorld): Transport {
  const relay: Transport = {
    connect: (request, sink) =>
      new Relay({
        transport,
        request,
        sink,
        clock,
        admit(link, pass) {
          const fail: Attempt["fail"] = (code, message, more) => link.fail(code, message, more);
          if (network.admit === undefined) pass();
          else network.admit({ pass, fail });
        },
        filter: (link) => network.filter?.(link) ?? {},
      }),
  };
  if (transport.request !== undefined) {
    relay.request = (request, sink) =>
      new FaultyExchange(transport, network, { request, sink, clock });
  }
  return relay;
}

function checkFaults(faults: readonly Fault[]): void {
  for (const fault of faults) {
    // Callers without types pass anything, such as `reset` in place of `reset()`.
    const given: { readonly start?: unknown } | null | undefined = fault;
    if (typeof given?.start === "function") continue;
    const got = typeof given === "function" ? "a function: call it" : typeof given;
    throw new SandboxError(
      "ERR_OPTION",
      `A fault is made by reset(), latency() or one of the others, got ${got}`,
    );
  }
}

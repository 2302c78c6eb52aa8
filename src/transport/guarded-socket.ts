import { lookup as systemLookup } from "node:dns";
import type { LookupAddress } from "node:dns";
import { connect, isIP } from "node:net";
import type { LookupFunction, Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { describeError } from "../errors.ts";
import { findAddressRefusal } from "../policy/address-rules.ts";
import type { AddressRules, TlsOptions } from "../policy/policy.ts";
import type { LookupQueue } from "./lookup-queue.ts";
import { isPromise, settlePromise } from "./settle-promise.ts";

/** An address that the rules do not allow; no packet left for it. */
export class AddressRefusedError extends Error {
  readonly address: string;

  constructor(address: string, reason: string) {
    super(reason);
    this.name = "AddressRefusedError";
    this.address = address;
  }
}

/** What {@link openGuardedSocket} needs. */
export interface GuardedSocketRequest {
  /** A name, or an address without brackets that has been checked. */
  readonly host: string;
  readonly port: number;
  /** Present for TLS. */
  readonly tls: TlsOptions | undefined;
  readonly addresses: AddressRules;
  readonly lookup: LookupFunction;
}

/**
 * Connects to an address that `addresses` allows, and to no other: the lookup answers with checked addresses only, and the
 * address at the other end is checked again before the first byte leaves.
 */
export function openGuardedSocket(request: GuardedSocketRequest): Socket {
  const { host, port, lookup } = request;
  const socket =
    request.tls === undefined
      ? connect({ host, port, lookup })
      : connectTls({ host, port, lookup, ...tlsOptions(host, request.tls) });
  socket.prependListener("connect", () => {
    const address = socket.remoteAddress;
    if (address === undefined) {
      const message = "the peer was gone before its address was known";
      socket.destroy(Object.assign(new Error(message), { code: "ECONNRESET" }));
      return;
    }
    const reason = findAddressRefusal(address, request.addresses);
    if (reason !== undefined) socket.destroy(new AddressRefusedError(address, reason));
  });
  socket.setNoDelay(true);
  // A peer that vanished without a word is noticed by the system in the end.
  socket.setKeepAlive(true, keepAliveDelay);
  return socket;
}

/** Options of `tls.connect` for a host, always verifying. */
export function tlsOptions(
  host: string,
  { ca, cert, key, passphrase, servername }: TlsOptions,
): {
  readonly rejectUnauthorized: true;
  readonly servername: string;
  readonly ALPNProtocols: string[];
  readonly ca?: string | string[];
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
} {
  return {
    // Explicit, as the environment could otherwise turn verification off.
    rejectUnauthorized: true,
    // Server names are sent without the root's dot, and never for addresses (RFC 6066, section 3).
    servername: servername ?? (isIP(host) === 0 ? host.replace(/\.$/, "") : ""),
    ALPNProtocols: ["http/1.1"],
    ...(ca === undefined ? {} : { ca: typeof ca === "string" ? ca : [...ca] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
}

/** What {@link guardLookup} needs. */
export interface LookupGuard {
  /** Resolves names. @defaultValue the system, as far as `queue` lets it */
  readonly lookup: LookupFunction | undefined;
  readonly queue: LookupQueue;
  readonly addresses: AddressRules;
  /** Whether the connection still wants the answer. */
  isWanted(): boolean;
  /** Is called before a good answer. */
  answered(): void;
}

/**
 * Makes a lookup that answers with allowed addresses only, in the form that is asked for. One refused address refuses the
 * whole answer: a name that also leads elsewhere is not the name that was meant.
 */
export function guardLookup(guard: LookupGuard): LookupFunction {
  const { addresses } = guard;
  return (hostname, options, callback) => {
    let isOver = false;
    function settle(error: NodeJS.ErrnoException | null, answer: readonly LookupAddress[]): void {
      if (isOver) return;
      isOver = true;
      const [first] = answer;
      // An empty answer would end the process deep inside `net`.
      if (error !== null || first === undefined) {
        callback(error ?? noAddressError(hostname), [], 0);
        return;
      }
      guard.answered();
      if (options.all === true) callback(null, [...answer]);
      else callback(null, first.address, first.family);
    }
    function start(lookup: LookupFunction, done: () => void): void {
      function fail(error: unknown): void {
        done();
        settle(toLookupError(error), []);
      }
      try {
        const result: unknown = lookup(hostname, { ...options, all: true }, (error, answer) => {
          done();
          settle(...checkAnswer(error, answer, addresses));
        });
        // An `async` function answers by its callback, too, and nobody else waits for it.
        if (isPromise(result)) void settlePromise(result, fail);
      } catch (error) {
        fail(error);
      }
    }
    if (guard.lookup !== undefined) start(guard.lookup, () => {});
    else
      guard.queue.enter(
        (done) => start(lookupByName, done),
        () => guard.isWanted(),
      );
  };
}

/** Delay before the system probes a silent connection. */
const keepAliveDelay = 60_000;

/** `localhost` and names below it are this machine, whatever the resolver knows of them (RFC 6761, section 6.3). */
const lookupByName: LookupFunction = (hostname, options, callback) => {
  const name = /(?:^|\.)localhost\.?$/.test(hostname) ? "localhost" : hostname;
  systemLookup(name, options, callback);
};

/** What a lookup answered, if it may be connected to; a lookup of the embedder's may answer anything. */
function checkAnswer(
  error: unknown,
  answer: unknown,
  addresses: AddressRules,
): [error: Error | null, answer: readonly LookupAddress[]] {
  if (error) return [toLookupError(error), []];
  try {
    const found = readAnswer(answer);
    for (const { address } of found) {
      const reason = findAddressRefusal(address, addresses);
      if (reason !== undefined) return [new AddressRefusedError(address, reason), []];
    }
    return [null, found];
  } catch (problem) {
    return [toLookupError(problem), []];
  }
}

/** Brings both forms of an answer into one; what is no address is refused by the check that follows. */
function readAnswer(answer: unknown): readonly LookupAddress[] {
  const items: readonly unknown[] = Array.isArray(answer) ? answer : [{ address: answer ?? "" }];
  return Array.from(items, (item) => {
    const address = String((item as { readonly address?: unknown } | null | undefined)?.address);
    return { address, family: isIP(address) };
  }).filter(({ address }) => address !== "");
}

/** An error with a text and, if it has one, a code, whatever a lookup makes of it. */
function toLookupError(error: unknown): Error {
  const made = new Error(describeError(error), { cause: error });
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? Object.assign(made, { code }) : made;
}

function noAddressError(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} resolves to no address`), { code: "ENOTFOUND" });
}

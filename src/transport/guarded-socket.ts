import { lookup as systemLookup } from "node:dns";
import type { LookupAddress } from "node:dns";
import { connect, isIP } from "node:net";
import type { LookupFunction, Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { findAddressRefusal } from "../policy/address-rules.ts";
import type { AddressRules, TlsOptions } from "../policy/policy.ts";
import type { LookupQueue } from "./lookup-queue.ts";

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
      try {
        lookup(hostname, { ...options, all: true }, (error, answer, family) => {
          done();
          if (error) settle(error, []);
          else settleChecked(readAnswer(answer, family), addresses, settle);
        });
      } catch (error) {
        done();
        settle(error instanceof Error ? error : new Error(String(error)), []);
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

function settleChecked(
  answer: readonly LookupAddress[],
  addresses: AddressRules,
  settle: (error: Error | null, answer: readonly LookupAddress[]) => void,
): void {
  for (const { address } of answer) {
    const reason = findAddressRefusal(address, addresses);
    if (reason !== undefined) {
      settle(new AddressRefusedError(address, reason), []);
      return;
    }
  }
  settle(null, answer);
}

/** Brings both forms of an answer into one; what is no address is refused by the check that follows. */
function readAnswer(answer: unknown, family: number | undefined): readonly LookupAddress[] {
  if (Array.isArray(answer)) {
    return answer.map((item: { readonly address?: unknown } | null) => {
      const address = String(item?.address);
      return { address, family: isIP(address) };
    });
  }
  const address = String(answer ?? "");
  return address === "" ? [] : [{ address, family: family ?? isIP(address) }];
}

function noAddressError(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} resolves to no address`), { code: "ENOTFOUND" });
}

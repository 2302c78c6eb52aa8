import type { Observer, SandboxEvent } from "../events.ts";
import { readVersion } from "../version.ts";
import { ConnectionDraft } from "./connection-draft.ts";
import { ExchangeDraft } from "./exchange-draft.ts";
import type { Har } from "./har-format.ts";

/** Options of {@link recordHar}. */
export interface RecordHarOptions {
  /**
   * Whether secrets stay in: values of JSON properties, parameters and headers with telling names (`token`, `apikey`, `password`), tokens
   * of known shapes, credentials in URLs.
   * @defaultValue false: `REDACTED` stands in their place
   */
  readonly secrets?: boolean;
  /** When the sandbox started. @defaultValue as the first events tell */
  readonly startedAt?: Date;
  /** Bytes of messages that are kept. What comes later is left out, and the archive says so. @defaultValue 268_435_456 (256 MiB) */
  readonly maxBytes?: number;
}

/** Records a sandbox. */
export interface HarRecorder {
  /** For the sandbox's `observe`; its `trace` must be `true`. */
  readonly observe: Observer;
  /** The archive of all that was observed so far. */
  har(): Har;
}

/** Connections, and requests, that are kept: a script can open millions that fail. */
const maxConnections = 100_000;

/**
 * Records what a sandbox says to the network as an HTTP Archive 1.2 that browsers' developer tools open.
 *
 * @example
 * ```ts
 * const recorder = recordHar();
 * const sandbox = await createSandbox({ policy, observe: recorder.observe, trace: true });
 * await sandbox.run(source);
 * await sandbox.idle();
 * await writeFile("session.har", JSON.stringify(recorder.har(), undefined, 2));
 * ```
 */
export function recordHar(options: RecordHarOptions = {}): HarRecorder {
  const { secrets = false, maxBytes = 2 ** 28 } = options;
  const drafts = new Map<number, ConnectionDraft>();
  const exchanges = new Map<number, ExchangeDraft>();
  let start = options.startedAt?.getTime() ?? Number.POSITIVE_INFINITY;
  let bytes = 0;
  let leftOut = 0;

  function observe(event: SandboxEvent): void {
    // Events may come late, but never early: the smallest difference is the closest.
    if (options.startedAt === undefined) start = Math.min(start, Date.now() - event.time);
    if (event.type === "connecting") {
      if (drafts.size < maxConnections) drafts.set(event.connection, new ConnectionDraft(event));
      else leftOut++;
      return;
    }
    if (event.type === "request") {
      if (exchanges.size < maxConnections) exchanges.set(event.request, new ExchangeDraft(event));
      else leftOut++;
      return;
    }
    if ("data" in event) {
      bytes += typeof event.data === "string" ? event.data.length : event.data.byteLength;
      bytes += messageOverhead;
      if (bytes > maxBytes) {
        leftOut++;
        return;
      }
    }
    if ("connection" in event && event.connection !== undefined) {
      drafts.get(event.connection)?.observe(event);
    } else if ("request" in event && event.request !== undefined) {
      exchanges.get(event.request)?.observe(event);
    }
  }

  return {
    observe,
    har() {
      const isRedacted = !secrets;
      const at = Number.isFinite(start) ? start : Date.now();
      const entries = [
        ...[...drafts.values()].map((draft) => draft.entry(at, isRedacted)),
        ...[...exchanges.values()].flatMap((draft) => draft.entries(at, isRedacted)),
      ].toSorted((a, b) => Date.parse(a.startedDateTime) - Date.parse(b.startedDateTime));
      const comment = leftOut === 0 ? {} : { comment: `${leftOut} messages were left out` };
      return {
        log: {
          version: "1.2",
          creator: { name: "quickjs-network-device", version: readVersion() },
          pages: [],
          entries,
          ...comment,
        },
      };
    },
  };
}

/** Roughly what a message takes beside its data. */
const messageOverhead = 100;

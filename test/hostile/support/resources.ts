/** Kinds of resources that a sandbox or its connections may leave behind, as Node names them. */
const kinds: ReadonlySet<string> = new Set([
  "GetAddrInfoReqWrap",
  "MessagePort",
  "TCPConnectWrap",
  "TCPServerWrap",
  "TCPSocketWrap",
  "TLSWrap",
  "Worker",
]);

/** Longest time that the process may take to let go of everything. */
const patience = 15_000;

/** Errors that nobody handled in this process since {@link watchEscapes}. */
export interface Escapes extends Disposable {
  /** Takes what has been seen since the last call. */
  take(): readonly string[];
}

/** Watches for errors that would end a process without a test runner. */
export function watchEscapes(): Escapes {
  let seen: string[] = [];
  const note = (error: unknown): void => void seen.push(`escaped: ${String(error)}`);
  process.on("unhandledRejection", note);
  process.on("uncaughtExceptionMonitor", note);
  return {
    take() {
      const taken = seen;
      seen = [];
      return taken;
    },
    [Symbol.dispose]() {
      process.off("unhandledRejection", note);
      process.off("uncaughtExceptionMonitor", note);
    },
  };
}

/** Threads, sockets and servers of this process, by kind. */
export function countResources(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (kinds.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** Waits until nothing is left beyond `before`; answers with what stays all the same. */
export async function whenFreed(
  before: ReadonlyMap<string, number>,
  connections: () => number,
  escapes: Escapes,
): Promise<readonly string[]> {
  const end = performance.now() + patience;
  for (;;) {
    const left = excess(before);
    if (connections() > 0) left.push(`${connections()} sockets of the echo server`);
    if (left.length === 0 || performance.now() > end) return [...left, ...escapes.take()];
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

function excess(before: ReadonlyMap<string, number>): string[] {
  return [...countResources()].flatMap(([kind, count]) => {
    const more = count - (before.get(kind) ?? 0);
    return more > 0 ? [`${more} ${kind}`] : [];
  });
}

import { SandboxError } from "../../errors.ts";
import { isReceivable } from "../receivable-code.ts";
import type { Link } from "../relay.ts";
import { refused } from "./connecting.ts";
import { checkNumber, checkTrigger, type Fault, type FaultTrigger, triggered } from "./fault.ts";

/**
 * The connection goes dead without a word, as when the way to the server is lost: nothing arrives any more, in either direction. The script's
 * network takes 64 KiB of what it sends.
 */
export function halfOpen(trigger: FaultTrigger = {}): Fault {
  checkTrigger("halfOpen", trigger);
  return {
    name: "halfOpen",
    start: (world) => ({
      filter(link) {
        let isDead = false;
        let taken = 0;
        const alive = triggered(world, trigger, () => {
          isDead = true;
        });
        return {
          up(item, pass) {
            if (!isDead) {
              pass(item);
              return;
            }
            if (item.type !== "message") return;
            taken += item.bytes;
            if (taken <= networkBytes) link.countSent(item.bytes);
          },
          down(item, pass) {
            if (!isDead) alive.down?.(item, pass);
          },
        };
      },
    }),
  };
}

/** The connection is reset, without a close frame. */
export function reset(trigger: FaultTrigger = {}): Fault {
  checkTrigger("reset", trigger);
  return {
    name: "reset",
    start: (world) => ({ filter: (link) => triggered(world, trigger, () => lose(link)) }),
  };
}

/**
 * The connection is reset in the middle of a message of the server: the script never sees it.
 *
 * @param options.afterMessages how many messages arrive whole before. @defaultValue 0
 */
export function resetMidMessage(options: { readonly afterMessages?: number } = {}): Fault {
  const { afterMessages = 0 } = options;
  checkNumber("resetMidMessage", "afterMessages", afterMessages);
  return {
    name: "resetMidMessage",
    start: ({ clock }) => ({
      filter(link) {
        let messages = 0;
        return {
          down(item, pass) {
            if (item.type === "message") messages += 1;
            if (messages <= afterMessages) {
              pass(item);
              return;
            }
            if (item.type !== "message") return;
            pass({ type: "received", pendingBytes: Math.ceil(item.data.length / 2) });
            clock.schedule(() => lose(link), 0);
          },
        };
      },
    }),
  };
}

/** The server closes the connection with a code, such as 1001 (going away), 1011 (internal error) or one from 3000 to 4999. */
export function closeWith(code: number, reason: string = "", trigger: FaultTrigger = {}): Fault {
  if (!isReceivable(code)) {
    throw new SandboxError(
      "ERR_OPTION",
      `code of closeWith() must be one that a close frame may carry (1000 to 1014 without 1004 to 1006, 3000 to 4999), got ${String(code)}`,
    );
  }
  checkTrigger("closeWith", trigger);
  return {
    name: "closeWith",
    start: (world) => ({
      filter: (link) => triggered(world, trigger, () => link.end({ code, reason, wasClean: true })),
    }),
  };
}

/** Options of {@link serverRestart}. */
export interface ServerRestartOptions {
  /** Milliseconds from the first connection to the restart. */
  readonly after: number;
  /** Milliseconds in which the server refuses connections. @defaultValue 1_000 */
  readonly downtime?: number;
  /** The code that the server closes with, 1001 or 1012, if it ends in good order. @defaultValue connections are reset */
  readonly code?: number;
}

/** The server ends and is started again: connections end, and new ones and HTTP requests are refused for a while. */
export function serverRestart(options: ServerRestartOptions): Fault {
  const { after, downtime = 1_000, code } = options;
  checkNumber("serverRestart", "after", after);
  checkNumber("serverRestart", "downtime", downtime);
  return {
    name: "serverRestart",
    start({ clock }) {
      const links = new Set<Link>();
      let state: "new" | "up" | "down" | "up again" = "new";
      function stop(): void {
        state = "down";
        clock.schedule(() => {
          state = "up again";
        }, downtime);
        for (const link of links) {
          if (code === undefined) lose(link);
          else link.end({ code, reason: "", wasClean: true });
        }
        links.clear();
      }
      return {
        admit(attempt) {
          if (state === "new") {
            state = "up";
            clock.schedule(stop, after);
          }
          if (state === "down") {
            attempt.fail("ERR_CONNECT", refused, { systemCode: "ECONNREFUSED" });
          } else attempt.pass();
        },
        filter(link) {
          if (state !== "up again") links.add(link);
          return {
            down(item, pass) {
              if (item.type === "closed") links.delete(link);
              pass(item);
            },
          };
        },
      };
    },
  };
}

/** Bytes that a network takes for a peer that is gone. */
const networkBytes = 65_536;

function lose(link: Link): void {
  link.fail("ERR_CONNECTION_LOST", "the connection was lost: the fault resets it", {
    systemCode: "ECONNRESET",
  });
}

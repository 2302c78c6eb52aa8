import { checkNumber, type Fault } from "./fault.ts";
import { Line } from "./line.ts";

/**
 * The server refuses the connection, as when nothing listens at its port; HTTP requests, too.
 *
 * @param options.times how many attempts, from the first on. @defaultValue all
 */
export function refuse(options: { readonly times?: number } = {}): Fault {
  const { times = Number.POSITIVE_INFINITY } = options;
  checkNumber("refuse", "times", times);
  return {
    name: "refuse",
    start() {
      let left = times;
      return {
        admit(attempt) {
          left -= 1;
          if (left < 0) attempt.pass();
          else attempt.fail("ERR_CONNECT", refused, { systemCode: "ECONNREFUSED" });
        },
      };
    },
  };
}

/** What a connection attempt is told that nothing listens to. */
export const refused = "no connection to the server: the fault refuses it";

/** The server takes `ms` milliseconds to answer a handshake or an HTTP request. */
export function slowHandshake(ms: number): Fault {
  checkNumber("slowHandshake", "ms", ms);
  return {
    name: "slowHandshake",
    start: ({ clock }) => ({
      admit: (attempt) => void clock.schedule(attempt.pass, ms),
    }),
  };
}

/** The server takes the connection and never answers the handshake, or the HTTP request. */
export function neverAnswer(): Fault {
  return { name: "neverAnswer", start: () => ({ admit: () => {} }) };
}

/**
 * Everything takes `ms` milliseconds in each direction, and up to `jitter` more by chance. What is under way on one connection keeps its order;
 * connections overtake each other.
 */
export function latency(ms: number, options: { readonly jitter?: number } = {}): Fault {
  const { jitter = 0 } = options;
  checkNumber("latency", "ms", ms);
  checkNumber("latency", "jitter", jitter);
  return {
    name: "latency",
    start({ clock, random }) {
      const delay = (): number => ms + random() * jitter;
      return {
        admit: (attempt) => void clock.schedule(attempt.pass, delay()),
        answer() {
          const down = new Line(clock);
          return (arrive) => down.delay(arrive, delay());
        },
        filter() {
          const up = new Line(clock);
          const down = new Line(clock);
          return {
            up: (item, pass) => up.delay(() => pass(item), delay()),
            down: (item, pass) => down.delay(() => pass(item), delay()),
          };
        },
      };
    },
  };
}

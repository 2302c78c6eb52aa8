import { EventKind } from "../../src/boundary.ts";
import { createGuest, type TestGuest, type TestGuestOptions } from "./guest.ts";

/** Makes `ws`, a socket that notes its events and states in `log`, and `attempt`, which answers the name of an exception. */
export const prelude: string = `var log = []; var ws = new WebSocket("ws://a.test/path", ["p1", "p2"]);
  for (const type of ["open", "message", "error", "close"]) ws.addEventListener(type, () => log.push(type + ws.readyState));
  var attempt = (f) => { try { return f(); } catch (e) { return e.name; } };`;

/** A guest that has run {@link prelude} and whose socket is open; `log` is empty. */
export async function openSocket(options: TestGuestOptions): Promise<TestGuest> {
  const guest = await createGuest(options);
  guest.evaluate(prelude);
  guest.deliver(EventKind.Open, 1, '["p2","ext"]');
  guest.evaluate("log.length = 0");
  return guest;
}

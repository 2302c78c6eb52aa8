import { EventKind } from "../../src/boundary.ts";
import type { BuildName } from "./builds.ts";
import { createGuest, type TestGuest } from "./guest.ts";

/** Advances the guest's clock to its alarm, again and again, as the host does, up to `time`. */
export function runUntil(guest: TestGuest, time: number): void {
  for (;;) {
    const due = alarmTime(guest);
    if (due === undefined || due > time) break;
    guest.time = Math.max(guest.time, due);
    alarms.set(guest, undefined);
    guest.deliver(EventKind.Alarm, 0);
  }
  guest.time = time;
}

/** When each guest's alarm goes off, kept by the host call below. */
const alarms = new WeakMap<TestGuest, number | undefined>();

function alarmTime(guest: TestGuest): number | undefined {
  return alarms.get(guest);
}

/** Creates a guest with an alarm for {@link runUntil}, and an array `log`. */
export async function createTimedGuest(
  options: { readonly build?: BuildName; readonly maxTimers?: number } = {},
): Promise<TestGuest> {
  const guest: TestGuest = await createGuest({
    ...options,
    host: {
      setAlarm(delay) {
        alarms.set(guest, delay < 0 ? undefined : guest.time + delay);
      },
    },
  });
  guest.evaluate("var log = []");
  return guest;
}

import { EventKind, type TaskFailure } from "./boundary.ts";
import type { Guest } from "./engine/guest.ts";
import type { TurnQueue } from "./engine/turn-queue.ts";
import { OutOfMemoryError } from "./engine/values.ts";
import { taskServices } from "./services/services.ts";
import { Tasks, type TasksOptions } from "./services/tasks.ts";

/** What {@link createGuestTasks} stands between: the parts are made after it. */
export interface GuestTasksOptions extends Pick<TasksOptions, "started"> {
  /** Milliseconds since the sandbox started. */
  now(): number;
  parts(): { readonly guest: Guest; readonly turns: TurnQueue };
}

/** A {@link TaskFailure}. */
const noMemory = JSON.stringify([
  "OperationError",
  "There is no memory left for the result",
] satisfies TaskFailure);

/** The tasks of a guest, whose outcomes come to it as turns. */
export function createGuestTasks({ now, parts, started }: GuestTasksOptions): Tasks {
  function deliver(kind: EventKind, id: number, data: string | Uint8Array): boolean {
    const more = parts().guest.deliver(kind, id, now(), data);
    tasks.delivered(id);
    return more;
  }

  const tasks = new Tasks({
    services: taskServices,
    started,
    done(id, bytes) {
      parts().turns.post(() => {
        try {
          return deliver(EventKind.Result, id, bytes);
        } catch (error) {
          // Nothing of it has reached the guest.
          if (!(error instanceof OutOfMemoryError)) throw error;
          return deliver(EventKind.Rejection, id, noMemory);
        }
      });
    },
    failed(id, exception, message) {
      const failure: TaskFailure = [exception, message];
      parts().turns.post(() => deliver(EventKind.Rejection, id, JSON.stringify(failure)));
    },
  });
  return tasks;
}

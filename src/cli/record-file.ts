import type { Observer } from "../events.ts";
import { harLines } from "../recording/har-lines.ts";
import { recordHar } from "../recording/record-har.ts";
import { readProblem } from "./usage-error.ts";
import { openWholeFile } from "./whole-file.ts";

/** The file of `--record`. */
export interface RecordFile {
  readonly observe: Observer;
  /** Puts the recording in place of what was there before, at once. Answers what went wrong, if anything did. */
  save(): string | undefined;
  /** Leaves everything as it was. */
  discard(): void;
}

/** Characters that are written together. */
const batch = 2 ** 16;

/**
 * Opens a recording. It is written beside its place first: whoever reads the place finds the old recording or the new one, whole.
 *
 * @throws {UsageError} if the place cannot be written
 */
export function openRecordFile(path: string, secrets: boolean): RecordFile {
  const file = openWholeFile("--record", path, 0o600);
  const recorder = recordHar({ secrets });
  return {
    observe: recorder.observe,
    save() {
      try {
        let waiting = "";
        for (const text of harLines(recorder.har())) {
          waiting += text;
          if (waiting.length < batch) continue;
          file.write(waiting);
          waiting = "";
        }
        file.write(waiting);
        file.save();
        return undefined;
      } catch (error) {
        file.discard();
        return `the recording cannot be written to ${JSON.stringify(path)}: ${readProblem(error)}`;
      }
    },
    discard: () => file.discard(),
  };
}

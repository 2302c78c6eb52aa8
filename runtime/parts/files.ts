import type { PartInstaller } from "../parts.ts";
import { defineFileReader } from "./file-reader.ts";
import { defineProgressEvent } from "./progress-event.ts";

/** `FileReader`, for libraries that are older than the promises of a `Blob`. */
export const install: PartInstaller<"files"> = (scope, target) => {
  defineProgressEvent(target);
  defineFileReader(target, scope);
};

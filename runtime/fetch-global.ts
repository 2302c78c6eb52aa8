import type { EventKind } from "../src/boundary.ts";
import { defineFunction } from "./interface.ts";
import { PromiseOf } from "./intrinsics.ts";
import { defineLazy, loadPart } from "./parts.ts";
import type { RuntimeScope } from "./scope.ts";

/** Exports of the part `fetch`. */
export interface Fetching {
  /** `fetch` with so many arguments. */
  fetch(count: number, input: unknown, init: unknown): Promise<unknown>;
  /** Takes what comes of a fetch. */
  deliver(kind: EventKind, id: number, data: string | ArrayBuffer | undefined): void;
}

/** Installs `fetch`, all of which but its name is a part. */
export function installFetch({ global }: RuntimeScope): void {
  const operations = {
    fetch(input: unknown, init: unknown): Promise<unknown> {
      try {
        return loadPart("fetch").fetch(arguments.length, input, init);
      } catch (error) {
        return new PromiseOf((_resolve, reject) => {
          reject(error);
        });
      }
    },
  };
  defineFunction(global, "fetch", operations.fetch, 1);
  defineLazy(global, "fetch", ["FormData", "Headers", "Request", "Response"]);
}

/** Takes what comes of a fetch, which has loaded the part. */
export function deliverToFetch(
  kind: EventKind,
  id: number,
  data: string | ArrayBuffer | undefined,
): void {
  loadPart("fetch").deliver(kind, id, data);
}

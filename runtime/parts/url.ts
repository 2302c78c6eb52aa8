import type { PartInstaller } from "../parts.ts";
import { defineUrl } from "./url-class.ts";
import { defineUrlSearchParams, queryOf } from "./url-search-params.ts";

/** `URL` and `URLSearchParams`: a WebSocket takes its URL as text, and the host parses it. */
export const install: PartInstaller<"url"> = (_scope, target) => {
  defineUrl(target);
  defineUrlSearchParams(target);
  return { queryOf };
};

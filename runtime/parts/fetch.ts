import type { PartInstaller } from "../parts.ts";
import { deliverEvent, fetchResource } from "./fetch-call.ts";
import { defineFormData } from "./form-data.ts";
import { defineHeaders } from "./headers.ts";
import { defineRequest } from "./request.ts";
import { defineResponse } from "./response.ts";

/** `fetch` and its interfaces, for which a script that only talks to WebSockets has no use. */
export const install: PartInstaller<"fetch"> = ({ host, options }, target) => {
  const base = (): string => options.baseUrl;
  defineHeaders(target);
  defineFormData(target, (length) => host.randomBytes(length));
  defineRequest(target, base);
  defineResponse(target, base);
  return { fetch: fetchResource, deliver: deliverEvent };
};

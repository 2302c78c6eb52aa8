import type { SimulatedRequest, SimulatedResponse } from "./simulator.ts";

/** Types of errors that the REST plugin knows. */
export type DeconzErrorType = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 11 | 12;

/** What {@link createDeconzConfig} needs. */
export interface DeconzConfigParts {
  readonly apiKey: string;
  readonly isAvailable: () => boolean;
  readonly unavailableErrorType: DeconzErrorType;
  readonly config: () => object;
}

/** Makes the REST half of a gateway: `GET /api/<apikey>/config` and the errors. */
export function createDeconzConfig(
  parts: DeconzConfigParts,
): (request: SimulatedRequest) => SimulatedResponse {
  return ({ method, url }) => {
    const [api, key, ...path] = url.pathname.split("/").filter((segment) => segment !== "");
    if (api !== "api") return { status: 404 };
    const address = `/${path.join("/")}`;
    if (!parts.isAvailable())
      return failure(503, parts.unavailableErrorType, address, "service unavailable");
    if (key !== parts.apiKey) return failure(403, 1, address, "unauthorized user");
    if (address !== "/config")
      return failure(404, 3, address, `resource, ${address}, not available`);
    if (method !== "GET")
      return failure(405, 4, address, `method, ${method}, not available for resource, ${address}`);
    return json(200, parts.config());
  };
}

function failure(
  status: number,
  type: DeconzErrorType,
  address: string,
  description: string,
): SimulatedResponse {
  return json(status, [{ error: { type, address, description } }]);
}

function json(status: number, value: unknown): SimulatedResponse {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8" },
    body: JSON.stringify(value),
  };
}

import type { ConnectionFailure, FailureStage } from "../events.ts";
import { explainError } from "./ws-failure.ts";

/** Explains an error that ended an HTTP request, as {@link explainError} does for a WebSocket. */
export function explainHttpError(
  error: Error,
  stage: FailureStage,
  host: string,
): ConnectionFailure {
  const failure = explainError(error, stage, host);
  if (failure.code === "ERR_HANDSHAKE_INVALID" || failure.code === "ERR_PROTOCOL") {
    const message = `the server's answer is not valid HTTP: ${error.message}`;
    return { ...failure, code: "ERR_RESPONSE_INVALID", message };
  }
  return failure;
}

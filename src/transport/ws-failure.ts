import type { ConnectionFailure, FailureCode, FailureStage } from "../events.ts";
import { AddressRefusedError } from "./guarded-socket.ts";

/** Explains an error that ended a connection. `stage` is how far the connection had got, `host` what the script asked for. */
export function explainError(error: Error, stage: FailureStage, host: string): ConnectionFailure {
  if (error instanceof AddressRefusedError) {
    const { address, message } = error;
    return { stage: "policy", code: "ERR_ADDRESS_REFUSED", message, host, address };
  }
  const cause = firstCause(error);
  const systemCode = cause.code ?? "";
  const code = codeOf(systemCode, stage);
  return {
    stage: code === "ERR_TLS" ? "tls" : stage,
    code,
    message: describe(code, cause),
    host,
    ...(cause.address === undefined ? {} : { address: cause.address }),
    ...(systemCode === "" ? {} : { systemCode }),
  };
}

/** An error of the system, as far as it says more than its message. */
interface SystemError extends Error {
  readonly code?: string;
  readonly address?: string;
}

/** Attempts on several addresses fail as one error that has no message of its own. */
function firstCause(error: Error): SystemError {
  const cause = error instanceof AggregateError ? error.errors[0] : error;
  return cause instanceof Error ? cause : error;
}

function codeOf(systemCode: string, stage: FailureStage): FailureCode {
  switch (stage) {
    case "policy":
    case "limit":
    case "resolve":
      return "ERR_NAME_NOT_RESOLVED";
    case "connect":
      return isTlsSetup(systemCode) ? "ERR_TLS" : "ERR_CONNECT";
    case "tls":
      return "ERR_TLS";
    case "handshake":
      if (isTlsSetup(systemCode)) return "ERR_TLS";
      return isLoss(systemCode) ? "ERR_CONNECTION_LOST" : "ERR_HANDSHAKE_INVALID";
    case "open":
    case "closing":
      if (isTooLarge(systemCode)) return "ERR_MESSAGE_TOO_LARGE";
      return isLoss(systemCode) ? "ERR_CONNECTION_LOST" : "ERR_PROTOCOL";
  }
}

function describe(code: FailureCode, error: SystemError): string {
  const message = error.message === "" ? (error.code ?? error.name) : error.message;
  switch (code) {
    case "ERR_NAME_NOT_RESOLVED":
      return `the name does not resolve: ${message}`;
    case "ERR_CONNECT":
      return `no connection to the server: ${message}`;
    case "ERR_TLS":
      return `TLS failed: ${message}`;
    case "ERR_HANDSHAKE_INVALID":
      return `the server's answer to the handshake is not valid: ${message}`;
    case "ERR_CONNECTION_LOST":
      return `the connection was lost: ${message}`;
    default:
      return message;
  }
}

/** Certificates and keys that cannot be used, and alerts of the peer that arrive late, as TLS 1.3 allows. */
function isTlsSetup(systemCode: string): boolean {
  return /^ERR_(?:OSSL|SSL|TLS|CRYPTO)/.test(systemCode);
}

function isLoss(systemCode: string): boolean {
  return /^(?:E[A-Z]+|ERR_STREAM_[A-Z_]+|ERR_SOCKET_CLOSED)$/.test(systemCode);
}

function isTooLarge(systemCode: string): boolean {
  return (
    systemCode === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" ||
    systemCode === "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH"
  );
}

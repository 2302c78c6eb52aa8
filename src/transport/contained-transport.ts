import { describeError } from "../errors.ts";
import type { ConnectionFailure, FailureStage } from "../events.ts";
import { effectivePort } from "../policy/origin-pattern.ts";
import type { CloseInfo, Transport, TransportConnection } from "./transport.ts";

/**
 * Wraps a transport of the embedder's own, so that one that throws, against its contract, fails the connection it was asked about
 * and neither the sandbox nor the process.
 */
export function containedTransport(transport: Transport): Transport {
  return {
    connect(request, sink) {
      let inner: TransportConnection | undefined;
      let stage: FailureStage = "connect";
      let isOver = false;

      function attempt(work: () => void): void {
        if (isOver) return;
        try {
          work();
        } catch (error) {
          fail(error);
        }
      }

      function fail(error: unknown): void {
        isOver = true;
        try {
          inner?.abort();
        } catch {
          // What cannot be dropped either is left to the embedder.
        }
        const url = new URL(request.url);
        const failure: ConnectionFailure = {
          stage,
          code: stage === "connect" ? "ERR_CONNECT" : "ERR_CONNECTION_LOST",
          message: `the transport threw: ${describeError(error)}`,
          host: `${url.hostname}:${effectivePort(url)}`,
        };
        const close: CloseInfo = { code: 1006, reason: "", wasClean: false, failure };
        // As the contract says: never from inside a call.
        queueMicrotask(() => sink.closed(close));
      }

      attempt(() => {
        inner = transport.connect(request, {
          opened(handshake) {
            if (isOver) return;
            stage = "open";
            sink.opened(handshake);
          },
          received(pendingBytes) {
            if (!isOver) sink.received(pendingBytes);
          },
          text(data) {
            if (!isOver) sink.text(data);
          },
          binary(data) {
            if (!isOver) sink.binary(data);
          },
          sent(bytes) {
            if (!isOver) sink.sent(bytes);
          },
          closed(close) {
            if (isOver) return;
            isOver = true;
            sink.closed(close);
          },
        });
      });
      // Whoever cannot ask for a sign of life looks itself after peers that are gone.
      const canPing = inner?.ping !== undefined;
      return {
        get stage() {
          return inner?.stage ?? "handshake";
        },
        send: (data) => attempt(() => inner?.send(data)),
        close(code, reason) {
          if (stage === "open") stage = "closing";
          attempt(() => inner?.close(code, reason));
        },
        abort: () => attempt(() => inner?.abort()),
        pause: () => attempt(() => inner?.pause()),
        resume: () => attempt(() => inner?.resume()),
        ...(canPing ? { ping: () => attempt(() => inner?.ping?.()) } : {}),
      };
    },
  };
}

/** Why a test could not go on. */
export type TestErrorCode =
  /** Something goes on for ever in virtual time: an interval, or a peer that never stops. */
  | "ERR_ENDLESS"
  /** What is waited for cannot happen any more: nothing is left that virtual time could bring. */
  | "ERR_STALLED";

/** An error of the harness. What a script throws is a `ScriptError`; what a peer throws is thrown as it is. */
export class TestError extends Error {
  /** Stable, for programs. */
  readonly code: TestErrorCode;

  constructor(code: TestErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TestError";
    this.code = code;
  }
}

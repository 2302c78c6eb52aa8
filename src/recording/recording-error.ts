/** Why a recording cannot be used. */
export type RecordingErrorCode =
  /** The text is not JSON; the message has the place. */
  | "ERR_HAR_SYNTAX"
  /** The JSON is not an HTTP Archive, or a part of it has a wrong type; the message has the path. */
  | "ERR_HAR_SHAPE"
  /** The archive is larger than what is read. */
  | "ERR_HAR_LIMIT"
  /** The archive has nothing that can be replayed. */
  | "ERR_HAR_EMPTY"
  /** An option of the replay is wrong. */
  | "ERR_REPLAY_OPTION"
  /** The script's conversation is not the recorded one; the message is the report. */
  | "ERR_REPLAY_DRIFT";

/** A recording that cannot be read or that was not followed. */
export class RecordingError extends Error {
  /** Stable, for programs. */
  readonly code: RecordingErrorCode;

  constructor(code: RecordingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RecordingError";
    this.code = code;
  }
}

/** Exit codes of the command. */
export const exitCode = {
  done: 0,
  /** The script threw, rejected or does not parse. */
  scriptFailed: 1,
  /** A wrong option, or a file that cannot be read. */
  usage: 2,
  /** A connection was refused by the policy, or a limit stopped the script or a connection. */
  refused: 3,
  /** `--timeout` ran out. */
  timedOut: 124,
  /** SIGINT, for example Ctrl-C. */
  interrupted: 130,
  /** SIGTERM. */
  terminated: 143,
} as const;

/** One of {@link exitCode}. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

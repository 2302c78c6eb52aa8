/** What the connections of one guest hold together: limits bound the sum, so that many connections are no way around them. */
export interface Load {
  /** Payload bytes that were sent and have not left. */
  bufferedBytes: number;
  /** Messages that were sent and have not left. */
  unsentMessages: number;
  /** Bytes of messages that are not complete. */
  pendingBytes: number;
  /** Bytes of complete messages that the guest has not been given. */
  waitingBytes: number;
}

/** Nothing held. */
export function createLoad(): Load {
  return { bufferedBytes: 0, unsentMessages: 0, pendingBytes: 0, waitingBytes: 0 };
}

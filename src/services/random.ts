/** Fills `bytes` with random values. */
export type RandomSource = (bytes: Uint8Array<ArrayBuffer>) => void;

/** Most bytes of one call: the limit of `crypto.getRandomValues`. */
const maxRandomBytes = 65_536;

/** Makes `HostCalls.randomBytes`. */
export function createRandomBytes(random: RandomSource = fill): (length: number) => ArrayBuffer {
  return (length) => {
    if (!Number.isInteger(length) || length < 0 || length > maxRandomBytes) {
      throw new RangeError(`length must be an integer from 0 to ${maxRandomBytes}`);
    }
    const bytes = new Uint8Array(length);
    random(bytes);
    return bytes.buffer;
  };
}

function fill(bytes: Uint8Array<ArrayBuffer>): void {
  crypto.getRandomValues(bytes);
}

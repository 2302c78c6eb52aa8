/** Longest JSON text that a service takes, in code units: the engine's memory is bounded, the host's strings are not. */
const maxJsonLength = 32 * 2 ** 20;

/**
 * Parses a JSON text from the guest.
 *
 * @throws {TypeError} when it is not a string or longer than `maxLength`. @throws {SyntaxError} when it is not JSON.
 */
export function parseJson(json: unknown, maxLength: number = maxJsonLength): unknown {
  if (typeof json !== "string" || json.length > maxLength) {
    throw new TypeError("Expected a JSON text");
  }
  return JSON.parse(json);
}

/** Parses a string given as JSON. @throws {TypeError} when it is something else. */
export function parseJsonString(json: unknown): string {
  const value = parseJson(json);
  if (typeof value !== "string") throw new TypeError("Expected a string as JSON");
  return value;
}

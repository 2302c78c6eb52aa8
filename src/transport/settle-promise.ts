/** Waits for what a function of the embedder's answered that was `async` where nobody else waits. */
export async function settlePromise(
  value: unknown,
  failed: (error: unknown) => void,
): Promise<void> {
  try {
    await value;
  } catch (error) {
    failed(error);
  }
}

/** Whether a function that should have answered something else was `async`. */
export function isPromise(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value;
}

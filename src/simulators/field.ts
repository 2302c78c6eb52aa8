/** An own property of what may be no object. */
export function field(payload: unknown, name: string): unknown {
  return typeof payload === "object" && payload !== null
    ? Object.getOwnPropertyDescriptor(payload, name)?.value
    : undefined;
}

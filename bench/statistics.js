/** The value in the middle. */
export function median(values) {
  return percentile(values, 50);
}

/** The value that `percent` of the values do not exceed. */
export function percentile(values, percent) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
}

/** Tells on standard error what runs, and about how long the rest takes. */
export function createProgress(scenarios, { rounds, lengths }) {
  const start = performance.now();
  const total = sumSeconds(scenarios);
  // As expected at first, then as the scenarios so far have shown.
  const expected = (total * rounds * lengths.stretch) / (5 * 200);
  let index = 0;

  return {
    starts(scenario) {
      const done = sumSeconds(scenarios.slice(0, index));
      const elapsed = (performance.now() - start) / 1_000;
      const rest = done === 0 ? expected : (elapsed / done) * (total - done);
      index += 1;
      process.stderr.write(
        `[${index}/${scenarios.length}] ${scenario.title}; ${describe(rest)} left\n`,
      );
    },
    ends() {
      const elapsed = (performance.now() - start) / 1_000;
      process.stderr.write(`Measured for ${describe(elapsed)}\n\n`);
    },
  };
}

function sumSeconds(scenarios) {
  return scenarios.reduce((sum, { seconds }) => sum + seconds, 0);
}

function describe(seconds) {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

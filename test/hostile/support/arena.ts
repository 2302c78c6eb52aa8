import { afterAll, beforeAll, expect } from "vitest";
import { type Attack, type AttackReport, type HostView, runAttack } from "./attack.ts";
import type { Outcome } from "./outcomes.ts";
import { type Escapes, watchEscapes } from "./resources.ts";
import { type Sibling, siblingAnswer, startSibling } from "./sibling.ts";

/** One row of a table of hostile inputs. */
export interface HostileCase extends Attack {
  /** Stable, `area/input`: documents refer to it. */
  readonly id: string;
  /** What the case shows, as a sentence. */
  readonly shows: string;
  readonly outcome: Outcome;
}

/** The place where the attacks of one file happen, each beside the same sibling. */
export interface Arena {
  /** Runs a case and looks at it from all four sides. */
  expectContained(row: HostileCase): Promise<AttackReport>;
  /** Looks at sibling and resources only: for attacks whose other sides need words of their own. */
  expectSurvived(attack: Attack): Promise<AttackReport>;
  /** Takes the errors that nobody handled: for what is meant to become one. */
  takeEscapes(): readonly string[];
}

/** Most MiB by which one attack may raise the highest memory of the process: a sandbox's own, buffers, and what Node keeps. */
const maxGrowth = 192;

/** Opens the arena of a file: starts its sibling before the first test and closes it after the last. */
export function openArena(): Arena {
  let sibling: Sibling | undefined;
  let escapes: Escapes | undefined;
  beforeAll(async () => {
    escapes = watchEscapes();
    sibling = await startSibling();
  });
  afterAll(async () => {
    await sibling?.[Symbol.asyncDispose]();
    escapes?.[Symbol.dispose]();
  });

  async function expectSurvived(attack: Attack): Promise<AttackReport> {
    if (sibling === undefined || escapes === undefined) throw new Error("the arena is not open");
    const report = await runAttack(attack, { sibling, escapes });
    expect(report.sibling).toBe(siblingAnswer);
    expect(report.left).toEqual([]);
    expect(report.host.growth).toBeLessThan(maxGrowth);
    return report;
  }

  return {
    expectSurvived,
    takeEscapes: () => escapes?.take() ?? [],
    async expectContained(row) {
      const report = await expectSurvived(row);
      expect(report.guest).toEqual(row.outcome.guest);
      expectHostView(report.host, row.outcome);
      return report;
    },
  };
}

type NamedCase = readonly [name: string, row: HostileCase];

/** Cases with the names of their tests: `area/input: sentence`. */
export function named(cases: readonly HostileCase[]): readonly NamedCase[] {
  return cases.map((row) => [`${row.id}: ${row.shows}`, row]);
}

/** The same, and once more on the caller's thread what does not need a thread of its own. */
export function onBothThreads(cases: readonly HostileCase[]): readonly NamedCase[] {
  return cases.flatMap((row) => [
    ...named([row]),
    [`${row.id}, on the caller's thread: ${row.shows}`, { ...row, isolation: "none" }] as const,
  ]);
}

function expectHostView(host: HostView, outcome: Outcome): void {
  expect(host.openEnds).toBe(0);
  expect([...new Set(host.limits)]).toEqual(outcome.limits);
  if (outcome.accepted !== undefined) expect(host.accepted).toBe(outcome.accepted);
  if (outcome.endedBy === undefined) expectAlive(host, outcome);
  else expectKilled(host, outcome.endedBy);
}

function expectAlive(host: HostView, { failures, uncaught }: Outcome): void {
  expect(host.ended).toBeUndefined();
  expect(host.run).toBe("finished");
  expect(host.uncaught).toEqual(uncaught);
  expect(host.failures).toHaveLength(failures.length);
  expect(host.failures).toMatchObject(failures);
}

/** The one place that says what the host learns of a sandbox that a limit ended. */
export function expectKilled(host: HostView, limit: string): void {
  expect(host.ended).toMatchObject({ code: "ERR_LIMIT", message: expect.stringContaining(limit) });
  if (host.run !== "finished") expect(host.run).toMatchObject({ code: "ERR_LIMIT" });
  expect(host.uncaught).toEqual([]);
  // Nothing of the script is heard after its end, but that its connections went with it: by 1001 where the peer answered in time.
  const end = host.events.findIndex((event) => event.type === "limit" && event.limit === limit);
  expect(host.events[end + 1]).toMatchObject({
    type: "killed",
    cause: limit === "maxMemory" ? "memory" : "cpu",
    message: host.ended?.message,
  });
  for (const event of host.events.slice(end + 2)) {
    expect(event).toMatchObject(
      event.type === "closed" && event.wasClean
        ? { code: 1001 }
        : {
            type: event.type === "finished" ? "finished" : "closed",
            // Dropped, or still waiting for the peer's answer when its time was over.
            failure: { code: expect.stringMatching(/^ERR_(?:ABORTED|CLOSE_TIMEOUT)$/) as string },
          },
    );
  }
}

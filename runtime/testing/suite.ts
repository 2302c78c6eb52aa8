import type { TestDeclaration } from "../../src/script-test/protocol.ts";
import { show } from "./show.ts";

/** A test, a group or a hook of a test file. */
export type Body = () => unknown;

interface Group {
  readonly names: readonly string[];
  readonly parent: Group | undefined;
  readonly mode: Mode;
  readonly before: Body[];
  readonly after: Body[];
}

type Mode = "run" | "skip" | "only" | "todo";

interface Test {
  readonly group: Group;
  readonly name: string;
  readonly mode: Mode;
  readonly body: Body;
  readonly stack: string;
}

/** Declares a test or a group, with variants. */
export interface Declare {
  (name: string, body: Body): void;
  skip(name: string, body?: Body): void;
  only(name: string, body: Body): void;
}

/** The tests of one file. */
export class Suite {
  #group: Group = { names: [], parent: undefined, mode: "run", before: [], after: [] };
  readonly #tests: Test[] = [];
  #isComplete = false;

  readonly test: Declare & { todo(name: string): void } = Object.assign(this.#testAs("run"), {
    skip: this.#testAs("skip"),
    only: this.#testAs("only"),
    todo: (name: string): void => this.#testAs("todo")(name, () => {}),
  });

  readonly describe: Declare = Object.assign(this.#describeAs("run"), {
    skip: this.#describeAs("skip"),
    only: this.#describeAs("only"),
  });

  readonly beforeEach = (body: Body): void => {
    this.#check("beforeEach", body);
    this.#group.before.push(body);
  };

  readonly afterEach = (body: Body): void => {
    this.#check("afterEach", body);
    this.#group.after.push(body);
  };

  /** All tests, in the order of their declaration. No more can be declared. */
  list(): readonly TestDeclaration[] {
    this.#isComplete = true;
    const hasOnly = this.#tests.some((test) => modes(test).includes("only"));
    return this.#tests.map((test) => {
      const around = modes(test);
      const isSkipped = around.includes("skip") || (hasOnly && !around.includes("only"));
      return {
        names: [...test.group.names, test.name],
        mode: test.mode === "todo" ? "todo" : isSkipped ? "skip" : "run",
        stack: test.stack,
      };
    });
  }

  /** Runs one test with its hooks. Never rejects: what was thrown is handed to `failed`. */
  async run(index: number, failed: (error: unknown) => void): Promise<void> {
    this.#isComplete = true;
    const test = this.#tests[index];
    if (test === undefined) throw new RangeError("unknown test");
    const groups = groupsOf(test.group);
    const attempt = async (body: Body): Promise<boolean> => {
      try {
        await body();
        return true;
      } catch (error) {
        failed(error);
        return false;
      }
    };
    let isReady = true;
    for (const hook of groups.flatMap((group) => group.before)) isReady &&= await attempt(hook);
    if (isReady) await attempt(test.body);
    // Whatever happened: they tidy up.
    for (const hook of groups.toReversed().flatMap((group) => group.after)) await attempt(hook);
  }

  #testAs(mode: Mode): (name: string, body?: Body) => void {
    return (name, body) => {
      this.#checkName("test", name);
      if (mode === "run" || mode === "only" || body !== undefined) this.#check("test", body);
      this.#tests.push({
        group: this.#group,
        name,
        mode,
        body: body ?? (() => {}),
        stack: new Error().stack ?? "",
      });
    };
  }

  #describeAs(mode: Mode): (name: string, body?: Body) => void {
    return (name, body) => {
      this.#checkName("describe", name);
      this.#check("describe", body);
      const outer = this.#group;
      const names = [...outer.names, name];
      this.#group = { names, parent: outer, mode, before: [], after: [] };
      try {
        const result = body?.();
        if (typeof result === "object" && result !== null && "then" in result) {
          throw new TypeError(
            "describe() takes a function that is not async: tests are declared at once",
          );
        }
      } finally {
        this.#group = outer;
      }
    };
  }

  #checkName(what: string, name: unknown): void {
    if (typeof name !== "string" || name.trim() === "") {
      throw new TypeError(`${what}() takes a name and a function, got ${show(name)} as name`);
    }
    if (this.#isComplete) {
      throw new Error(
        `${what}(${show(name)}) comes too late: tests are declared while the file is evaluated`,
      );
    }
  }

  #check(what: string, body: unknown): asserts body is Body {
    if (typeof body === "function") return;
    throw new TypeError(`${what}() takes a function, got ${show(body)}`);
  }
}

function modes(test: Test): readonly Mode[] {
  return [test.mode, ...groupsOf(test.group).map(({ mode }) => mode)];
}

/** From the outermost to the innermost. */
function groupsOf(group: Group): readonly Group[] {
  return group.parent === undefined ? [group] : [...groupsOf(group.parent), group];
}

import { describe, expect, test } from "vitest";
import { openSandbox } from "../support/sandbox.ts";

describe.each(["worker", "none"] as const)("tasks with isolation %s", (isolation) => {
  test("an operation keeps the sandbox from being idle", async () => {
    const { runToIdle, lines } = await openSandbox({ isolation });

    await runToIdle(
      `crypto.subtle.digest("SHA-1", new Uint8Array()).then(() => console.log("done"))`,
    );

    expect(lines()).toEqual(["done"]);
  });

  test("thousands of operations at a time all come to their end", async () => {
    const { runToIdle, lines } = await openSandbox({ isolation });

    await runToIdle(`
      const all = Array.from({ length: 2_000 }, (_, index) => crypto.subtle.digest("SHA-256", new Uint8Array([index])));
      Promise.all(all).then((digests) => console.log(digests.length, new Set(digests.map((digest) => new Uint8Array(digest).join())).size));`);

    expect(lines()).toEqual(["2000 256"]);
  });

  test("a flood of operations is refused beyond a bound, and the rest is done", async () => {
    const { runToIdle, lines } = await openSandbox({ isolation });

    await runToIdle(`
      const counts = {};
      const data = new Uint8Array(2 ** 20);
      const all = Array.from({ length: 200 }, () => crypto.subtle.digest("SHA-1", data).then(
        () => "done", (error) => error.name).then((name) => { counts[name] = (counts[name] ?? 0) + 1 }));
      Promise.all(all).then(() => console.log(JSON.stringify(Object.entries(counts).sort())));`);

    expect(lines()).toEqual([`[["QuotaExceededError",137],["done",63]]`]);
  });

  test("what comes of an operation after the end is dropped", async () => {
    const { sandbox, lines } = await openSandbox({ isolation });
    await sandbox.run(`
      const { subtle } = crypto;
      subtle.importKey("raw", new Uint8Array(8), "PBKDF2", false, ["deriveBits"]).then((key) => {
        console.log("started");
        return subtle.deriveBits({ name: "PBKDF2", hash: "SHA-512", salt: new Uint8Array(8), iterations: 200_000 }, key, 512);
      }).then(() => console.log("too late"));`);

    await sandbox.close();

    expect(lines()).not.toContain("too late");
  });

  test("a result that the sandbox has no memory for is an error of the operation", async () => {
    const { runToIdle, lines } = await openSandbox({
      isolation,
      limits: { maxMemory: 24 * 2 ** 20 },
    });

    await runToIdle(`
      const { subtle } = crypto;
      subtle.importKey("raw", new Uint8Array(16), "AES-CTR", false, ["encrypt"]).then(async (key) => {
        const work = subtle.encrypt({ name: "AES-CTR", counter: new Uint8Array(16), length: 64 }, key, new Uint8Array(4 * 2 ** 20));
        const hoard = [];
        try { for (;;) hoard.push(new Uint8Array(2 ** 20)) } catch {}
        const outcome = await work.then(() => "done", (error) => error.name + ": " + error.message);
        hoard.length = 0;
        console.log(outcome);
      });`);

    expect(lines()).toEqual(["OperationError: There is no memory left for the result"]);
  });

  test("sandboxes that are closed in the middle of operations leave room for those of others", async () => {
    for (let count = 0; count < 3; count += 1) {
      const { sandbox } = await openSandbox({ isolation });
      await sandbox.run(
        `const key = await crypto.subtle.importKey("raw", new Uint8Array(8), "PBKDF2", false, ["deriveBits"]);
         crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: new Uint8Array(8), iterations: 100_000 }, key, 160);
         await crypto.subtle.digest("SHA-1", new Uint8Array()).catch(() => {});
         crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: new Uint8Array(8), iterations: 100_000 }, key, 160);`,
        { name: "test.mjs", type: "module" },
      );
      await sandbox.close();
    }
    const { runToIdle, lines } = await openSandbox({ isolation });

    await runToIdle(
      `crypto.subtle.digest("SHA-1", new Uint8Array()).then(() => console.log("done"))`,
    );

    expect(lines()).toEqual(["done"]);
  });
});

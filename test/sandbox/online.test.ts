import { describe, expect, test } from "vitest";
import { openSandbox } from "../support/sandbox.ts";

describe.each(["worker", "none"] as const)("with isolation %s", (isolation) => {
  test("an embedder tells scripts whether the device is on a network", async () => {
    const { sandbox, lines } = await openSandbox({ isolation });
    await sandbox.run(`ononline = onoffline = ({ type }) => console.log(type, navigator.onLine)`);

    await sandbox.setOnline(false);
    await sandbox.setOnline(true);
    await sandbox.idle();
    await sandbox.close();

    expect(lines()).toEqual(["offline false", "online true"]);
  });

  test("only booleans tell, and only while the sandbox lives", async () => {
    const { sandbox } = await openSandbox({ isolation });

    await expect(sandbox.setOnline("no" as never)).rejects.toMatchObject({ code: "ERR_OPTION" });
    await sandbox.close();
    await expect(sandbox.setOnline(true)).rejects.toMatchObject({ code: "ERR_CLOSED" });
  });
});

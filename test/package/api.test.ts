import { join } from "node:path";
import { expect, test } from "vitest";
import { projectFolder } from "../support/consumer.ts";
import { publicApi } from "../support/public-api.ts";

test("The public API is the one of the snapshot", async () => {
  const api = await publicApi(join(projectFolder, "dist/index.d.ts"));

  await expect(api).toMatchFileSnapshot("api.snapshot.txt");
});

test("The public API of the harness is the one of its snapshot", async () => {
  const api = await publicApi(join(projectFolder, "dist/testing/index.d.ts"));

  await expect(api).toMatchFileSnapshot("api-testing.snapshot.txt");
});

test("The public API of the simulators is the one of its snapshot", async () => {
  const api = await publicApi(join(projectFolder, "dist/simulators/index.d.ts"));

  await expect(api).toMatchFileSnapshot("simulators-api.snapshot.txt");
});

import { expect, test } from "vitest";
import { isolations, startScript } from "./support/client.ts";

test.each(isolations)(
  "With isolation %s, modules that look for their environment find a worker and nothing else",
  async (isolation) => {
    const client = await startScript("detect.js", isolation);
    await client.finished();

    expect(client.lines).toEqual([
      "axios hasStandardBrowserWebWorkerEnv, takesFetch",
      "browser-or-node isWebWorker",
      // It knows Node only.
      "detect-node ",
      "emscripten ENVIRONMENT_IS_WORKER",
      "environment isDedicatedWorker, isWebWorker",
      // It means a page by a browser.
      "is-in-browser ",
      // It knows servers only.
      "std-env ",
      "wherearewe isWebWorker",
    ]);
  },
);

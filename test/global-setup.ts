import type { TestProject } from "vitest/node";
import { bundleWorker } from "../tools/bundle.ts";
import { bundleGuest } from "../tools/guest-bundle.ts";

async function bundleAll(): Promise<void> {
  await Promise.all([bundleGuest(), bundleWorker()]);
}

/** The tests run from source; only what runs elsewhere is bundled: the guest runtime and the worker's entry. */
export default async function setup(project: TestProject): Promise<void> {
  await bundleAll();
  project.onTestsRerun(bundleAll);
}

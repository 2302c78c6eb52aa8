import type { TestProject } from "vitest/node";
import { bundleWorker } from "../tools/bundle.ts";
import { bundleGuest } from "../tools/guest-bundle.ts";
import { bundleTestLibrary } from "../tools/test-library.ts";

async function bundleAll(): Promise<void> {
  await Promise.all([bundleGuest(), bundleWorker(), bundleTestLibrary()]);
}

/** The tests run from source; only what runs elsewhere is bundled: the guest runtime and the worker's entry. */
export default async function setup(project: TestProject): Promise<void> {
  await bundleAll();
  project.onTestsRerun(bundleAll);
}

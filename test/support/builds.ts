import { createRequire } from "node:module";
import ngReleaseSync from "@jitl/quickjs-ng-wasmfile-release-sync";
import type { QuickJSSyncVariant } from "quickjs-emscripten";
import { inject } from "vitest";
import { defaultBuild, type EngineBuild } from "../../src/engine/engine.ts";

/** A build that tests may run on; `"debug"` is Bellard's with assertions and a leak check, see `debug-engine.ts`. */
export type BuildName = "bellard" | "ng" | "debug";

declare module "vitest" {
  interface ProvidedContext {
    /** Builds that the project runs every test of the guest on. */
    readonly builds: readonly BuildName[];
  }
}

/** The builds that every test of the guest runs on: `vitest.config.ts` chooses them for each project. */
export const buildNames: readonly BuildName[] = inject("builds");

/** The two engines that the guest runtime has to work in. */
export const builds: Readonly<Record<Exclude<BuildName, "debug">, EngineBuild>> = {
  bellard: defaultBuild,
  ng: {
    // Its declarations are those of its CommonJS build, whose default export is the namespace.
    variant: ngReleaseSync as unknown as QuickJSSyncVariant,
    wasmFile: createRequire(import.meta.url).resolve("@jitl/quickjs-ng-wasmfile-release-sync/wasm"),
  },
};

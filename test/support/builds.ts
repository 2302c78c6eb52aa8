import { createRequire } from "node:module";
import ngReleaseSync from "@jitl/quickjs-ng-wasmfile-release-sync";
import type { QuickJSSyncVariant } from "quickjs-emscripten";
import { defaultBuild, type EngineBuild } from "../../src/engine/engine.ts";

/** The two engines that the guest runtime has to work in. */
export const builds: Readonly<Record<"bellard" | "ng", EngineBuild>> = {
  bellard: defaultBuild,
  ng: {
    // Its declarations are those of its CommonJS build, whose default export is the namespace.
    variant: ngReleaseSync as unknown as QuickJSSyncVariant,
    wasmFile: createRequire(import.meta.url).resolve("@jitl/quickjs-ng-wasmfile-release-sync/wasm"),
  },
};

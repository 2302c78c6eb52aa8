import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const source = { conditions: ["@quickjs-network-device/source"] };

/** Generous: a test ends when its event arrives, and only a hang may meet the limit, on the slowest machine too. */
const patience = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  resolve: source,
  ssr: { resolve: source },
  test: {
    // Most tests wait for events more than they work: without a word, two processors would be given one worker.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    forceRerunTriggers: ["**/package.json", "runtime/**"],
    projects: [
      {
        // Needs no build: sources are read directly, and the setup bundles the guest and the worker.
        extends: true,
        test: {
          ...patience,
          name: "source",
          include: ["test/**/*.test.ts"],
          exclude: ["test/{clients,docs,package}/**"],
          globalSetup: "test/global-setup.ts",
          provide: { builds: ["bellard", "ng"] },
        },
      },
      {
        // The guest's tests once more, on a build that tells of every allocation that outlives its engine.
        extends: true,
        test: {
          ...patience,
          name: "leaks",
          // Frames of that build take up to 50 KB of native stack, as V8's first compiler makes them.
          execArgv: ["--stack-size=3900"],
          include: [
            "test/runtime/**/*.test.ts",
            "test/engine/{engine,guest,host-calls,leaks}.test.ts",
            "test/sandbox/{bind,round-trip,web-socket-model}.test.ts",
          ],
          globalSetup: "test/global-setup.ts",
          setupFiles: "test/leaks-setup.ts",
          provide: { builds: ["debug"] },
        },
      },
      {
        // The same once more without what is known of the engine's inside: by its public interface alone.
        extends: true,
        test: {
          ...patience,
          name: "public",
          include: ["test/{engine,hostile,runtime,sandbox,worker}/**/*.test.ts"],
          globalSetup: "test/global-setup.ts",
          env: { NETDEVICE_ENGINE: "public" },
          provide: { builds: ["bellard"] },
        },
      },
      {
        // Libraries and servers of a workspace of its own, installed by `npm run test:clients`.
        extends: true,
        test: {
          ...patience,
          name: "clients",
          include: ["test/clients/*.test.ts"],
          // With its peer `graphql` loaded by Node and by vitest, there would be two of it.
          server: { deps: { inline: ["graphql-ws"] } },
          globalSetup: "test/global-setup.ts",
        },
      },
      {
        // After a build: the package as its users get it, and the documents' examples run with it.
        test: {
          testTimeout: 240_000,
          hookTimeout: 240_000,
          name: "package",
          include: ["test/{docs,package}/**/*.test.ts"],
        },
      },
    ],
    coverage: { provider: "v8", include: ["src/**"], exclude: ["**/*.d.ts"] },
  },
});

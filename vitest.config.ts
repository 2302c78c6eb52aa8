import { defineConfig } from "vitest/config";

const source = { conditions: ["@quickjs-network-device/source"] };

export default defineConfig({
  resolve: source,
  ssr: { resolve: source },
  test: {
    forceRerunTriggers: ["**/package.json", "runtime/**"],
    projects: [
      {
        extends: true,
        test: {
          name: "source",
          include: ["test/**/*.test.ts"],
          exclude: ["test/package/**"],
          globalSetup: "test/global-setup.ts",
        },
      },
      { test: { name: "package", include: ["test/package/**/*.test.ts"] } },
    ],
    coverage: { provider: "v8", include: ["src/**"] },
  },
});

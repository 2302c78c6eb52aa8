import type { HostCalls } from "../boundary.ts";
import { decode, encode, encodingName } from "./encoding.ts";
import { type RandomSource, createRandomBytes } from "./random.ts";
import type { TaskService } from "./tasks.ts";
import { url } from "./url.ts";

/** The calls of the guest that need nothing but the host's own implementation of a web standard. */
export type Services = Pick<
  HostCalls,
  "url" | "encode" | "decode" | "encodingName" | "randomBytes"
>;

/** Services of `HostCalls.startTask`, loaded when a script first asks for them. */
export const taskServices: Readonly<Record<string, TaskService>> = {
  async subtle(json, data) {
    const { subtle } = await import("./subtle.ts");
    return subtle(json, data);
  },
};

/** Options of {@link createServices}. */
export interface ServicesOptions {
  /** Fills a buffer with random bytes. @defaultValue the platform's secure generator */
  readonly random?: RandomSource;
}

/**
 * Makes the services of one guest.
 *
 * Every argument may be anything: what is not as the contract says throws, and the boundary turns any exception into a bare
 * guest error.
 */
export function createServices(options: ServicesOptions = {}): Services {
  return { url, encode, decode, encodingName, randomBytes: createRandomBytes(options.random) };
}

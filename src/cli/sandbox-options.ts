import { readFileSync, realpathSync } from "node:fs";
import { SandboxError } from "../errors.ts";
import { defaultLimits, type Limits, strictLimits } from "../limits.ts";
import type { ConnectOptions, Grant, PolicyRules } from "../policy/policy.ts";
import type { SandboxOptions } from "../sandbox.ts";
import { isBelow } from "./is-below.ts";
import type { RunCommand } from "./run-options.ts";
import { readProblem, UsageError } from "./usage-error.ts";

/**
 * Turns the command line into options of a sandbox.
 *
 * @param folder what the script's imports come from
 * @param files what a bundle holds beside, without links
 * @throws {UsageError} for an origin, policy or certificate that cannot be used
 */
export async function sandboxOptions(
  command: RunCommand,
  folder: string,
  files: readonly string[] = [],
): Promise<SandboxOptions> {
  const policy = await readPolicy(command, (path) =>
    [realpathSync(folder), ...files].some((place) => isBelow(place, realpathSync(path))),
  );
  return {
    isolation: command.isolation,
    delivery: command.delivery,
    trace: command.trace || command.recordFile !== undefined,
    args: command.args,
    modules: folder,
    limits: readLimits(command),
    ...(policy === undefined ? {} : { policy }),
    ...(command.globals === undefined ? {} : { globals: command.globals }),
    ...(command.baseUrl === undefined ? {} : { baseUrl: command.baseUrl }),
  };
}

function readLimits(command: RunCommand): Limits {
  const { strict, memory, isolation, timeout } = command;
  const limits = strict ? strictLimits : defaultLimits;
  // On this thread no timer runs while the script does.
  const maxTurnTime =
    isolation === "none" && timeout !== undefined
      ? Math.min(timeout, limits.maxTurnTime)
      : limits.maxTurnTime;
  return { ...limits, maxTurnTime, maxMemory: memory ?? limits.maxMemory };
}

/** Whether a script can read a file, by its path. */
type IsReadable = (path: string) => boolean;

async function readPolicy(
  command: RunCommand,
  isReadable: IsReadable,
): Promise<PolicyRules | undefined> {
  const { allow, allowAllLoopback, policyFile, caFile } = command;
  const ca = caFile === undefined ? undefined : readCertificates(caFile);
  // Most of the start of a script without network is spared.
  if (allow.length === 0 && !allowAllLoopback && policyFile === undefined) return undefined;
  const [{ allLoopback, allowOrigins }, { parseOriginPattern }] = await Promise.all([
    import("../policy/allow-origins.ts"),
    import("../policy/origin-pattern.ts"),
  ]);
  for (const origin of allow) {
    const pattern = parseOriginPattern(origin);
    if ("problem" in pattern) {
      throw new UsageError(
        `--allow expects an origin, got ${JSON.stringify(origin)}, which ${pattern.problem}`,
      );
    }
  }
  const file = policyFile === undefined ? undefined : await readPolicyFile(policyFile, isReadable);
  const grants = [
    ...allow.map((origin) => grantFor(origin, command)),
    ...(allowAllLoopback ? allLoopback : []),
    ...(file?.allow ?? []),
  ];
  return allowOrigins(
    grants.map((grant) => withAuthorities(grant, ca)),
    file?.deny === undefined ? {} : { deny: file.deny },
  );
}

/** What is not asked for keeps the policy's own default. */
function grantFor(origin: string, command: RunCommand): Grant {
  const addresses = {
    ...(command.allowPrivateNetworks ? { privateNetworks: true } : {}),
    ...(command.allowAllLoopback ? { loopback: true } : {}),
  };
  return Object.keys(addresses).length === 0 ? { origin } : { origin, addresses };
}

function withAuthorities(grant: Grant, ca: string | undefined): Grant {
  if (ca === undefined || grant.connect?.tls?.ca !== undefined) return grant;
  const connect: ConnectOptions = { ...grant.connect, tls: { ...grant.connect?.tls, ca } };
  return { ...grant, connect };
}

async function readPolicyFile(path: string, isReadable: IsReadable): Promise<PolicyRules> {
  const text = readFile("--policy", path, "a JSON file");
  const { parsePolicyFile } = await import("../policy/policy-file.ts");
  try {
    const rules = parsePolicyFile(text, path);
    if (rules.allow.some(hasSecrets) && isReadable(path)) {
      throw new UsageError(
        `--policy expects a file with secrets outside of the script's folder, got ${JSON.stringify(path)}, which the script could import: move it elsewhere`,
      );
    }
    return rules;
  } catch (error) {
    if (error instanceof SandboxError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** Whether a grant holds what no script may see. */
function hasSecrets({ connect }: Grant): boolean {
  const { headers, credentials, tls } = connect ?? {};
  return [headers, credentials, tls?.key, tls?.passphrase].some((secret) => secret !== undefined);
}

function readCertificates(path: string): string {
  const text = readFile("--ca", path, "a PEM file");
  if (!text.includes("-----BEGIN CERTIFICATE-----")) {
    throw new UsageError(
      `--ca expects certificates in PEM form, got ${JSON.stringify(path)}, which has no line -----BEGIN CERTIFICATE-----`,
    );
  }
  return text;
}

function readFile(option: string, path: string, expected: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(
      `${option} expects ${expected}, got ${JSON.stringify(path)}: ${readProblem(error)}`,
      { cause: error },
    );
  }
}

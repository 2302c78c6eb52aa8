import type { ConnectionFailure } from "../events.ts";
import { printable } from "./printable.ts";

/** Explains a failed connection in lines of text: what failed and, after a refusal, which option permits it. */
export function explainFailure(url: string, failure: ConnectionFailure): readonly string[] {
  const shownUrl = printable(url);
  const message = printable(failure.message);
  if (isRefusal(failure)) {
    const address = failure.address === undefined ? "" : ` (address ${failure.address})`;
    return [`refused ${shownUrl}${address}: ${message}`, ...remedy(url, failure)];
  }
  const codes = [failure.code, failure.systemCode, failure.status].filter(
    (code) => code !== undefined,
  );
  const stage = (isFetch(url) ? fetchStages[failure.stage] : undefined) ?? stages[failure.stage];
  return [`${shownUrl} failed at ${stage} (${codes.join(", ")}): ${message}`];
}

/** Whether the policy refused the connection: nothing was sent. */
export function isRefusal(failure: ConnectionFailure): boolean {
  return failure.stage === "policy";
}

const stages: Readonly<Record<ConnectionFailure["stage"], string>> = {
  policy: "the policy",
  limit: "a limit",
  resolve: "name lookup",
  connect: "connect",
  tls: "TLS",
  handshake: "the opening handshake",
  open: "an open connection",
  closing: "the closing handshake",
};

/** Stages of a fetch that have other names. */
const fetchStages: Readonly<Partial<Record<ConnectionFailure["stage"], string>>> = {
  handshake: "the answer",
  open: "the body of the answer",
};

function isFetch(url: string): boolean {
  return /^https?:/.test(url);
}

/** Lines that tell how to permit a refused connection. */
function remedy(text: string, failure: ConnectionFailure): readonly string[] {
  const { message } = failure;
  if (!URL.canParse(text) || failure.code === "ERR_POLICY_FAILED") return [];
  if (/\bis denied by\b/.test(message))
    return ["To permit it: remove that pattern from the policy file"];
  const url = new URL(text);
  if (url.port === "0") return [];
  const hasCredentials = /\bcredentials\b/.test(message);
  const origin = `${url.protocol}//${hasCredentials ? "*@" : ""}${url.host}`;
  const allow = `--allow ${shellWord(origin)}`;
  if (failure.code !== "ERR_ADDRESS_REFUSED") return [`To permit it: ${allow}`];
  const option = / a (private|loopback) address/.exec(message)?.[1];
  if (option !== undefined) return [`To permit it: ${allow} ${addressOptions[option]}`];
  const grant = { allow: [{ origin, addresses: { allow: [failure.address ?? ""] } }] };
  return [`To permit it: a policy file with ${JSON.stringify(grant)}`];
}

/** Options that let a name have addresses of a class. */
const addressOptions: Readonly<Record<string, string>> = {
  private: "--allow-private-networks",
  loopback: "--allow-all-loopback",
};

/** Quoted where a shell would take a character as its own. */
function shellWord(text: string): string {
  return /^[\w:/.@-]+$/.test(text) ? text : `'${text}'`;
}

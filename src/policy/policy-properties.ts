/** An object of a policy, by what it holds. */
export type PolicyObject =
  | "file"
  | "rules"
  | "grant"
  | "addresses"
  | "connect"
  | "credentials"
  | "tls"
  | "defaults"
  | "verdict";

/** The names of the properties that each object of a policy may have. */
export const policyProperties: Readonly<Record<PolicyObject, readonly string[]>> = {
  file: ["$schema", "allow", "deny"],
  rules: ["allow", "deny"],
  grant: ["origin", "addresses", "connect"],
  addresses: ["privateNetworks", "loopback", "allow", "deny"],
  connect: ["headers", "origin", "credentials", "tls", "perMessageDeflate"],
  credentials: ["username", "password"],
  tls: ["ca", "cert", "key", "passphrase", "servername"],
  defaults: ["addresses", "connect", "deny"],
  verdict: ["allow", "addresses", "connect", "urlCredentials", "reason", "address"],
};

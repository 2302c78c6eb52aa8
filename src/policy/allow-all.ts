import type { PolicyFunction } from "./policy.ts";

/** Allows everything, wherever it is: for networks that lead nowhere but to simulated devices. */
export const allowAll: PolicyFunction = () => ({
  allow: true,
  urlCredentials: true,
  addresses: { loopback: true, privateNetworks: true, allow: ["0.0.0.0/0", "::/0"] },
});

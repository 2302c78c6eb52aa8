import type { PartInstaller } from "../parts.ts";
import { defineCryptoKey } from "./crypto-key.ts";
import { createSubtleCrypto, defineSubtleCrypto } from "./subtle-crypto.ts";

/** `crypto.subtle`. */
export const install: PartInstaller<"subtle"> = (_scope, target) => {
  defineCryptoKey(target);
  defineSubtleCrypto(target);
  return { __proto__: null, subtle: createSubtleCrypto() } as { readonly subtle: object };
};

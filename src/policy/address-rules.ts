import { classifyAddress, wrappedAddresses } from "./address-class.ts";
import type { AddressClass } from "./address-class.ts";
import { isInBlock, parseAddress, parseBlock } from "./address.ts";
import type { AddressBlock } from "./address.ts";
import type { AddressRules } from "./policy.ts";

/** Classes that only an entry for the very address opens: no block of addresses can mean them. */
const onlyByName: ReadonlySet<AddressClass> = new Set([
  "metadata",
  "unspecified",
  "multicast",
  "broadcast",
]);

/**
 * Says why `text` may not be connected to under `rules`, or `undefined` when it may. What is not an address is refused, and so is
 * everything when the rules hold an entry that cannot be read.
 */
export function findAddressRefusal(text: string, rules: AddressRules): string | undefined {
  const address = parseAddress(text);
  if (address === undefined) return `${JSON.stringify(text)} is not an IP address`;
  const deny = parseBlocks(rules.deny);
  const allow = parseBlocks(rules.allow);
  if (deny === undefined || allow === undefined) return "the address rules cannot be read";

  // A refused address stays refused in whatever it is wrapped.
  const forms = [address, ...wrappedAddresses(address)];
  if (deny.some((block) => forms.some((form) => isInBlock(form, block)))) {
    return `${text} is refused by the address rules`;
  }
  const naming = allow.filter((block) => isInBlock(address, block));
  if (naming.some((block) => block.single)) return undefined;
  const found = classifyAddress(address);
  if (naming.length > 0 && !onlyByName.has(found)) return undefined;
  return isOpen(found, rules) ? undefined : `${text} is ${describe[found]}, which is not granted`;
}

function isOpen(found: AddressClass, rules: AddressRules): boolean {
  switch (found) {
    case "public":
      return true;
    case "private":
      return rules.privateNetworks === true;
    case "loopback":
      return rules.loopback === true;
    case "metadata":
    case "unspecified":
    case "multicast":
    case "broadcast":
    case "reserved":
      return false;
  }
}

const describe: Readonly<Record<AddressClass, string>> = {
  public: "a public address",
  private: "a private address",
  loopback: "a loopback address",
  metadata: "an address of cloud metadata",
  unspecified: "an unspecified address",
  multicast: "a multicast address",
  broadcast: "the broadcast address",
  reserved: "a reserved address",
};

function parseBlocks(texts: readonly string[] = []): readonly AddressBlock[] | undefined {
  const blocks = texts.map(parseBlock);
  return blocks.every((block) => typeof block !== "string") ? blocks : undefined;
}

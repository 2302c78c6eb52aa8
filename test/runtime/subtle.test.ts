import { describe, expect, test } from "vitest";
import { EventKind } from "../../src/boundary.ts";
import { subtle } from "../../src/services/subtle.ts";
import { type BuildName, buildNames } from "../support/builds.ts";
import { createGuest, type TestGuest } from "../support/guest.ts";

/** A guest whose tasks wait until `work` does them. */
async function createSubtleGuest(
  build: BuildName,
): Promise<{ readonly guest: TestGuest; readonly work: () => Promise<void> } & Disposable> {
  const waiting: (() => Promise<void>)[] = [];
  let tasks = 0;
  const guest = await createGuest({
    build,
    host: {
      startTask(_service, json, data) {
        const id = (tasks += 1);
        waiting.push(async () => {
          const outcome = await subtle(json, data).catch(() => undefined);
          if (outcome !== undefined) guest.deliver(EventKind.Result, id, outcome);
          else guest.deliver(EventKind.Rejection, id, '["OperationError","The operation failed"]');
        });
        return id;
      },
    },
  });
  return {
    guest,
    async work() {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next();
    },
    [Symbol.dispose]: () => guest[Symbol.dispose](),
  };
}

/** Breaks what the runtime could ask; arrays last, which the script itself goes through. */
const attack = `
  var fail = () => { throw new RangeError("poisoned"); };
  var define = (object, key, get) => Reflect.defineProperty(object, key, { __proto__: null, configurable: true, get, set: fail });
  for (const key of ["0", "1", "2", "3", "name", "hash", "length", "type", "bytes", "jwk", "value", "get", "set", "public", "namedCurve", "publicExponent", "privateKey"])
    define(Object.prototype, key, () => undefined);
  define(ArrayBuffer.prototype, "byteLength", fail);
  JSON.parse = JSON.stringify = Reflect.ownKeys = Object.defineProperty = Object.freeze = ArrayBuffer.isView = fail;
  for (const C of [String, Map, Set, Promise, RegExp, Object.getPrototypeOf(Uint8Array), Array])
    for (const key of Object.getOwnPropertyNames(C.prototype)) if (key !== "constructor" && key !== "length") define(C.prototype, key, fail);
  Array.prototype[Symbol.iterator] = fail;
  globalThis.Promise = globalThis.Uint8Array = globalThis.TypeError = globalThis.Map = fail;
  0`;

describe.each(buildNames)("crypto.subtle on %s", (build) => {
  test("is one object of its interface, whose methods have the shape of the standard", async () => {
    using made = await createSubtleGuest(build);
    const { guest } = made;

    expect(
      guest.evaluate(`
        const { get, set, enumerable } = Object.getOwnPropertyDescriptor(Crypto.prototype, "subtle");
        const lengths = Object.entries(Object.getOwnPropertyDescriptors(SubtleCrypto.prototype))
          .filter(([, { value }]) => typeof value === "function" && value !== SubtleCrypto).map(([name, { value, enumerable }]) => [name, value.length, enumerable].join(" "));
        const name = (work) => { try { return work() } catch (error) { return error.name } };
        [crypto.subtle === crypto.subtle, crypto.subtle instanceof SubtleCrypto, set, enumerable, name(() => get.call({})), name(() => new SubtleCrypto()),
          name(() => new CryptoKey()), Object.keys(CryptoKey.prototype).join(" "), ...lengths].join("\\n")`),
    ).toBe(
      [
        ...["true", "true", "", "true", "TypeError", "TypeError", "TypeError"],
        "type extractable algorithm usages",
        ...["encrypt 3 true", "decrypt 3 true", "sign 3 true", "verify 4 true", "digest 2 true"],
        ...["generateKey 3 true", "deriveKey 5 true", "deriveBits 2 true", "importKey 5 true"],
        ...["exportKey 2 true", "wrapKey 4 true", "unwrapKey 7 true"],
      ].join("\n"),
    );
  });

  // https://webidl.spec.whatwg.org/#js-to-dictionary: inherited members first, then in the order of their names.
  test("reads arguments in their order, and the members of algorithms in theirs", async () => {
    using made = await createSubtleGuest(build);

    const found = made.guest.evaluate(`
      const log = [];
      const spy = (name, target = {}) => new Proxy(target, { get(_, key) { log.push(name + "." + String(key)); return target[key]; } });
      const text = (name, value) => ({ toString() { log.push(name); return value; } });
      const usages = { *[Symbol.iterator]() { log.push("usages"); yield text("usage", "deriveBits"); } };
      crypto.subtle.importKey(text("format", "raw"), new Uint8Array(4), spy("algorithm", { name: "PBKDF2" }), 0, usages);
      crypto.subtle.generateKey(spy("rsa", { name: text("name", "rsa-pss"), modulusLength: 512, publicExponent: new Uint8Array([3]), hash: spy("hash", { name: "SHA-1" }) }), false, ["sign"]);
      crypto.subtle.importKey("jwk", spy("jwk"), "AES-GCM", false, []);
      log.join(" ")`);

    expect(found).toBe(
      "format usages usage algorithm.name rsa.name name rsa.modulusLength rsa.publicExponent rsa.hash hash.name " +
        "jwk.alg jwk.crv jwk.d jwk.dp jwk.dq jwk.e jwk.ext jwk.k jwk.key_ops jwk.kty jwk.n jwk.oth jwk.p jwk.q jwk.qi jwk.use jwk.x jwk.y",
    );
  });

  test("takes the bytes as they are when it is called", async () => {
    using made = await createSubtleGuest(build);
    made.guest.evaluate(`
      const data = new Uint8Array([1, 2, 3]);
      var found = "";
      crypto.subtle.digest("SHA-1", data).then((digest) => { found = [...new Uint8Array(digest)].join() });
      data.fill(0); 0`);

    await made.work();

    const digest = await crypto.subtle.digest("SHA-1", Uint8Array.of(1, 2, 3));
    expect(made.guest.evaluate("found")).toBe([...new Uint8Array(digest)].join());
  });

  test("a key shows copies of what it is, which a script may change without changing the key", async () => {
    using made = await createSubtleGuest(build);
    made.guest.evaluate(`
      var key, found = "";
      crypto.subtle.importKey("raw", new Uint8Array(16), { name: "HMAC", hash: "SHA-1", length: 128 }, true, ["sign", "sign", "verify"]).then((made) => { key = made }); 0`);
    await made.work();
    made.guest.evaluate(`
      found = JSON.stringify([key.type, key.extractable, key.algorithm, key.usages, key.algorithm === key.algorithm, key.usages === key.usages]);
      key.algorithm.name = "AES-GCM"; key.algorithm.hash.name = "SHA-512"; key.usages.length = 0;
      crypto.subtle.sign("HMAC", key, new Uint8Array(1)).then((signature) => { found += signature.byteLength }); 0`);

    await made.work();

    expect(made.guest.evaluate("found")).toBe(
      `["secret",true,{"name":"HMAC","hash":{"name":"SHA-1"},"length":128},["sign","verify"],true,true]20`,
    );
  });

  test("a key cannot be cloned into an object without what makes it one", async () => {
    using made = await createSubtleGuest(build);
    made.guest.evaluate(
      `var key; crypto.subtle.importKey("raw", new Uint8Array(16), "AES-GCM", true, ["encrypt"]).then((made) => { key = made }); 0`,
    );
    await made.work();

    expect(
      made.guest.evaluate(`try { structuredClone(key); "cloned" } catch (error) { error.name }`),
    ).toBe("DataCloneError");
  });

  test("too many operations reject, and do not throw", async () => {
    using guest = await createGuest({ build, host: { startTask: () => 0 } });
    guest.evaluate(
      `var found; crypto.subtle.digest("SHA-1", new Uint8Array()).catch((error) => { found = error.name + ": " + error.message }); 0`,
    );

    expect(guest.evaluate("found")).toBe("QuotaExceededError: Too many operations are under way");
  });

  test.each(["before", "after"])(
    "works when the built-ins are broken %s it is first used",
    async (when) => {
      using made = await createSubtleGuest(build);
      const { guest, work } = made;
      guest.evaluate(`
        var outcome = "", algorithm = { __proto__: null, name: "ECDH", namedCurve: "P-256" }, use = ["deriveKey"], none = [];
        var aes = { __proto__: null, name: "AES-GCM", length: 256 }, cipher = ["encrypt", "decrypt"], iv = new Uint8Array(12), data = new Uint8Array([1, 2, 3, 4]);
        var rsa = { __proto__: null, name: "RSA-PSS", modulusLength: 512, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-1" }, sign = ["sign"];
        var view = (buffer) => new View(buffer), View = Uint8Array;
        var one, two, key, jwk, back, pair, clear;
        var then = Function.prototype.call.bind(Promise.prototype.then);
        var keep = (promise, take) => then(promise, take, (error) => { outcome += error.name + ": " + error.message + "; " });
        ${when === "after" ? "crypto.subtle;" : ""} 0`);
      guest.evaluate(attack);
      const steps = [
        `keep(crypto.subtle.generateKey(algorithm, true, { __proto__: null, [Symbol.iterator]: listIterator(use) }), (pair) => { one = pair });
         keep(crypto.subtle.generateKey(rsa, true, { __proto__: null, [Symbol.iterator]: listIterator(sign) }), (made) => { pair = made });`,
        `keep(crypto.subtle.exportKey("jwk", one.publicKey), (made) => { jwk = made; delete jwk.key_ops })`,
        `keep(crypto.subtle.importKey("jwk", jwk, algorithm, true, { __proto__: null, [Symbol.iterator]: listIterator(none) }), (made) => { two = made })`,
        `keep(crypto.subtle.deriveKey({ __proto__: null, name: "ECDH", public: two }, one.privateKey, aes, false, { __proto__: null, [Symbol.iterator]: listIterator(cipher) }), (made) => { key = made })`,
        `keep(crypto.subtle.encrypt({ __proto__: null, name: "AES-GCM", iv, tagLength: 96 }, key, data), (made) => { back = made })`,
        `keep(crypto.subtle.decrypt({ __proto__: null, name: "AES-GCM", iv, tagLength: 96 }, key, back), (made) => { clear = view(made); outcome += clear[3] + key.type + pair.privateKey.type + pair.privateKey.algorithm.modulusLength })`,
      ];
      guest.evaluate(
        `var listIterator = (list) => () => { let index = 0; return { __proto__: null, next: () => ({ __proto__: null, done: index >= list.length, value: list[index++] }) } }; 0`,
      );

      for (const step of steps) {
        guest.evaluate(`${step}; 0`);
        await work();
      }

      expect(guest.evaluate("outcome")).toBe("4secretprivate512");
    },
  );
});

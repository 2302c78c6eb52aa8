import { beforeAll, describe, expect, test } from "vitest";
import { createSandbox, type Sandbox } from "../../src/sandbox.ts";

/** What the scripts share. */
const prelude = `
  const { subtle } = crypto;
  const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const bytes = (text) => Uint8Array.from(text.match(/../g) ?? [], (byte) => parseInt(byte, 16));
  const utf8 = (text) => new TextEncoder().encode(text);
  const base64url = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const raw = (data, algorithm, ...usages) => subtle.importKey("raw", data, algorithm, false, usages);
  const outcome = async (work) => { try { return await work() } catch (error) { return error.name + " " + error.constructor.name } };`;

/** The header and the claims of the JSON Web Signature of RFC 7515 that its appendix A.2 signs with RSA; A.3 with an elliptic curve. */
const claims =
  "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

/** Known answers: the body of a function returns the text. */
const vectors: readonly (readonly [what: string, source: string, outcome: string])[] = [
  [
    "SHA-1 of FIPS 180",
    `return hex(await subtle.digest("SHA-1", utf8("abc")));`,
    "a9993e364706816aba3e25717850c26c9cd0d89d",
  ],
  [
    "SHA-256 of FIPS 180",
    `return hex(await subtle.digest({ name: "sha-256" }, utf8("abc").buffer));`,
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  ],
  [
    "SHA-384 of FIPS 180",
    `return hex(await subtle.digest("SHA-384", new DataView(utf8("xabc").buffer, 1)));`,
    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
  ],
  [
    "SHA-512 of nothing",
    `return hex(await subtle.digest("SHA-512", new Uint8Array()));`,
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
  ],
  [
    "HMAC of RFC 4231, test case 2",
    `return hex(await subtle.sign("HMAC", await raw(utf8("Jefe"), { name: "HMAC", hash: "SHA-256" }, "sign"), utf8("what do ya want for nothing?")));`,
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  ],
  [
    "HMAC of RFC 4231, test case 6, verified, and of other data not",
    `const key = await raw(new Uint8Array(131).fill(0xaa), { name: "HMAC", hash: { name: "SHA-512" } }, "verify");
     const signature = bytes("80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598");
     return [await subtle.verify("HMAC", key, signature, utf8("Test Using Larger Than Block-Size Key - Hash Key First")), await subtle.verify("HMAC", key, signature, utf8("Test"))].join();`,
    "true,false",
  ],
  [
    "PBKDF2 of RFC 6070",
    `return hex(await subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: utf8("salt"), iterations: 4096 }, await raw(utf8("password"), "PBKDF2", "deriveBits"), 160));`,
    "4b007901b765489abead49d926f721d065a429c1",
  ],
  [
    "HKDF of RFC 5869, test case 1",
    `return hex(await subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: bytes("000102030405060708090a0b0c"), info: bytes("f0f1f2f3f4f5f6f7f8f9") },
       await raw(new Uint8Array(22).fill(0x0b), "HKDF", "deriveBits"), 336));`,
    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
  ],
  [
    "AES-CBC of RFC 3602, case 1",
    `const key = await raw(bytes("06a9214036b8a15b512e03d534120006"), "AES-CBC", "encrypt", "decrypt");
     const algorithm = { name: "AES-CBC", iv: bytes("3dafba429d9eb430b422da802c9fac41") };
     const cipher = await subtle.encrypt(algorithm, key, utf8("Single block msg"));
     return hex(cipher).slice(0, 32) + " " + new TextDecoder().decode(await subtle.decrypt(algorithm, key, cipher));`,
    "e353779c1079aeb82708942dbe77181a Single block msg",
  ],
  [
    "AES-CTR of RFC 3686, test vector 1",
    `return hex(await subtle.encrypt({ name: "AES-CTR", counter: bytes("00000030000000000000000000000001"), length: 32 },
       await raw(bytes("ae6852f8121067cc4bf7a5765577f39e"), "AES-CTR", "encrypt"), utf8("Single block msg")));`,
    "e4095d4fb7a7b3792d6175a3261311b8",
  ],
  [
    "AES-GCM with additional data, test case 4 of its specification",
    `return hex(await subtle.encrypt({ name: "AES-GCM", iv: bytes("cafebabefacedbaddecaf888"), additionalData: bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2"), tagLength: 128 },
       await raw(bytes("feffe9928665731c6d6a8f9467308308"), "AES-GCM", "encrypt"),
       bytes("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")));`,
    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47",
  ],
  [
    "AES-KW of RFC 3394, wrapped and back",
    `const wrapping = await raw(bytes("000102030405060708090a0b0c0d0e0f"), "AES-KW", "wrapKey", "unwrapKey");
     const key = await subtle.importKey("raw", bytes("00112233445566778899aabbccddeeff"), "AES-CBC", true, ["encrypt"]);
     const wrapped = await subtle.wrapKey("raw", key, wrapping, "AES-KW");
     const back = await subtle.unwrapKey("raw", wrapped, wrapping, "AES-KW", "AES-GCM", true, ["decrypt"]);
     return [hex(wrapped), hex(await subtle.exportKey("raw", back)), back.algorithm.name, back.usages].join(" ");`,
    "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5 00112233445566778899aabbccddeeff AES-GCM decrypt",
  ],
  [
    "RSASSA-PKCS1-v1_5 of RFC 7515, A.2, from a JWK and back to one",
    `const jwk = { kty: "RSA", e: "AQAB",
       n: "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ" };
     const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
     const key = await subtle.importKey("jwk", jwk, algorithm, true, ["verify"]);
     const signature = base64url("cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw");
     const exported = await subtle.exportKey("jwk", key);
     return [await subtle.verify(algorithm, key, signature, utf8("eyJhbGciOiJSUzI1NiJ9.${claims}")), key.type, key.algorithm.modulusLength, exported.n === jwk.n, exported.alg].join();`,
    "true,public,2048,true,RS256",
  ],
  [
    "ECDSA of RFC 7515, A.3",
    `const jwk = { kty: "EC", crv: "P-256", x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" };
     const key = await subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"]);
     const signature = base64url("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
     return [await subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, utf8("eyJhbGciOiJFUzI1NiJ9.${claims}")), JSON.stringify(key.algorithm)].join(" ");`,
    `true {"name":"ECDSA","namedCurve":"P-256"}`,
  ],
  [
    "ECDH of RFC 5903, section 8.1, from a private JWK and a raw point",
    `const algorithm = { name: "ECDH", namedCurve: "P-256" };
     const url = (text) => btoa(String.fromCharCode(...bytes(text))).replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=/g, "");
     const key = await subtle.importKey("jwk", { kty: "EC", crv: "P-256",
       d: url("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"),
       x: url("dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"),
       y: url("5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3") }, algorithm, false, ["deriveBits"]);
     const other = await subtle.importKey("raw", bytes("04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab"), algorithm, true, []);
     return hex(await subtle.deriveBits({ name: "ECDH", public: other }, key, null));`,
    "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de",
  ],
];

/** What keys do that nobody knows the value of. */
const roundTrips: readonly (readonly [what: string, source: string, outcome: string])[] = [
  [
    "a pair of RSA-PSS signs and verifies, and its private half stays",
    `const { privateKey, publicKey } = await subtle.generateKey({ name: "RSA-PSS", modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" }, false, ["sign", "verify"]);
     const signature = await subtle.sign({ name: "RSA-PSS", saltLength: 20 }, privateKey, utf8("data"));
     return [await subtle.verify({ name: "RSA-PSS", saltLength: 20 }, publicKey, signature, utf8("data")), privateKey.extractable, publicKey.extractable, privateKey.usages, publicKey.usages,
      await outcome(() => subtle.exportKey("pkcs8", privateKey))].join();`,
    "true,false,true,sign,verify,InvalidAccessError DOMException",
  ],
  [
    "RSA-OAEP decrypts what it encrypted, with its label and with no other",
    `const { privateKey, publicKey } = await subtle.generateKey({ name: "RSA-OAEP", modulusLength: 1024, publicExponent: new Uint8Array([0, 1, 0, 1]), hash: "SHA-1" }, true, ["encrypt", "decrypt"]);
     const cipher = await subtle.encrypt({ name: "RSA-OAEP", label: utf8("one") }, publicKey, utf8("secret"));
     return [new TextDecoder().decode(await subtle.decrypt({ name: "RSA-OAEP", label: utf8("one") }, privateKey, cipher)),
      await outcome(() => subtle.decrypt({ name: "RSA-OAEP", label: utf8("two") }, privateKey, cipher))].join();`,
    "secret,OperationError DOMException",
  ],
  [
    "two sides derive one AES key over ECDH, and keys go through all formats",
    `const algorithm = { name: "ECDH", namedCurve: "P-384" };
     const [one, two] = await Promise.all([1, 2].map(() => subtle.generateKey(algorithm, true, ["deriveKey"])));
     const derive = (mine, theirs) => subtle.deriveKey({ name: "ECDH", public: theirs }, mine, { name: "AES-GCM", length: 192 }, true, ["encrypt", "decrypt"]);
     const formats = { jwk: two.privateKey, pkcs8: two.privateKey };
     const keys = [await derive(one.privateKey, two.publicKey)];
     for (const format of ["jwk", "pkcs8"]) {
       const copy = await subtle.importKey(format, await subtle.exportKey(format, two.privateKey), algorithm, false, ["deriveKey"]);
       for (const other of ["raw", "spki", "jwk"]) {
         keys.push(await derive(copy, await subtle.importKey(other, await subtle.exportKey(other, one.publicKey), algorithm, true, [])));
       }
     }
     const shown = await Promise.all(keys.map(async (key) => hex(await subtle.exportKey("raw", key))));
     return [new Set(shown).size, shown[0].length, keys[0].algorithm.length].join();`,
    "1,48,192",
  ],
  [
    "a derived HMAC key has the length of a block of its hash",
    `const base = await raw(utf8("password"), "PBKDF2", "deriveKey");
     const key = await subtle.deriveKey({ name: "PBKDF2", hash: "SHA-256", salt: utf8("salt"), iterations: 10 }, base, { name: "HMAC", hash: "SHA-512" }, true, ["sign"]);
     return [key.algorithm.length, key.algorithm.hash.name, (await subtle.exportKey("raw", key)).byteLength].join();`,
    "1024,SHA-512,128",
  ],
  [
    "a private key is wrapped as JWK by AES-GCM, and its ext holds",
    `const wrapping = await subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["wrapKey", "unwrapKey"]);
     const iv = new Uint8Array(12);
     const { privateKey } = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-521" }, true, ["sign", "verify"]);
     const wrapped = await subtle.wrapKey("jwk", privateKey, wrapping, { name: "AES-GCM", iv });
     const back = await subtle.unwrapKey("jwk", wrapped, wrapping, { name: "AES-GCM", iv }, { name: "ECDSA", namedCurve: "P-521" }, false, ["sign"]);
     return [back.type, back.extractable, back.usages, (await subtle.sign({ name: "ECDSA", hash: "SHA-384" }, back, utf8("x"))).byteLength].join();`,
    "private,false,sign,132",
  ],
  [
    "a JWK that is not extractable becomes a key that is not, and no other",
    `const jwk = { kty: "oct", k: "AAAAAAAAAAAAAAAAAAAAAA", alg: "A128GCM", ext: false, key_ops: ["encrypt"] };
     const key = await subtle.importKey("jwk", jwk, "AES-GCM", false, ["encrypt"]);
     return [key.extractable, await outcome(() => subtle.importKey("jwk", jwk, "AES-GCM", true, ["encrypt"])), await outcome(() => subtle.importKey("jwk", jwk, "AES-GCM", false, ["decrypt"]))].join();`,
    "false,DataError DOMException,DataError DOMException",
  ],
];

/** The exceptions of the standard, and of the limits. */
const failures: readonly (readonly [what: string, source: string, outcome: string])[] = [
  ["an unknown digest", `subtle.digest("MD5", bytes("00"))`, "NotSupportedError DOMException"],
  ["data that is none", `subtle.digest("SHA-256", "text")`, "TypeError TypeError"],
  ["shared memory", `subtle.digest("SHA-256", new SharedArrayBuffer(1))`, "TypeError TypeError"],
  ["too few arguments", `subtle.encrypt("AES-CBC")`, "TypeError TypeError"],
  ["another object", `subtle.digest.call({}, "SHA-256", bytes("00"))`, "TypeError TypeError"],
  [
    "a key that is none",
    `subtle.encrypt({ name: "AES-CBC" }, {}, bytes("00"))`,
    "TypeError TypeError",
  ],
  [
    "a key of another algorithm",
    `subtle.encrypt({ name: "AES-GCM", iv }, await raw(iv16, "AES-CBC", "encrypt"), iv)`,
    "InvalidAccessError DOMException",
  ],
  [
    "a usage that a key lacks",
    `subtle.decrypt({ name: "AES-CBC", iv: iv16 }, await raw(iv16, "AES-CBC", "encrypt"), iv16)`,
    "InvalidAccessError DOMException",
  ],
  [
    "a wrong initialization vector",
    `subtle.encrypt({ name: "AES-CBC", iv }, await raw(iv16, "AES-CBC", "encrypt"), iv)`,
    "OperationError DOMException",
  ],
  [
    "a member that is missing",
    `subtle.encrypt({ name: "AES-CBC" }, await raw(iv16, "AES-CBC", "encrypt"), iv)`,
    "TypeError TypeError",
  ],
  [
    "a tag that does not fit",
    `subtle.decrypt({ name: "AES-GCM", iv }, await raw(iv16, "AES-GCM", "decrypt"), new Uint8Array(32))`,
    "OperationError DOMException",
  ],
  ["a key of a wrong size", `raw(iv, "AES-GCM", "encrypt")`, "DataError DOMException"],
  ["no usages", `raw(iv16, "AES-GCM")`, "SyntaxError DOMException"],
  ["a usage of others", `raw(iv16, "AES-GCM", "sign")`, "SyntaxError DOMException"],
  ["a usage that there is not", `raw(iv16, "AES-GCM", "read")`, "TypeError TypeError"],
  [
    "a format that there is not",
    `subtle.importKey("der", iv16, "AES-GCM", true, ["encrypt"])`,
    "TypeError TypeError",
  ],
  [
    "a format of other keys",
    `subtle.importKey("spki", iv16, "AES-GCM", true, ["encrypt"])`,
    "NotSupportedError DOMException",
  ],
  [
    "a JWK as bytes",
    `subtle.importKey("jwk", iv16, "AES-GCM", true, ["encrypt"])`,
    "TypeError TypeError",
  ],
  [
    "bytes as a JWK",
    `subtle.importKey("raw", {}, "AES-GCM", true, ["encrypt"])`,
    "TypeError TypeError",
  ],
  [
    "an empty JWK",
    `subtle.importKey("jwk", {}, "AES-GCM", true, ["encrypt"])`,
    "DataError DOMException",
  ],
  [
    "a key to derive from that would be extractable",
    `subtle.importKey("raw", iv16, "PBKDF2", true, ["deriveBits"])`,
    "SyntaxError DOMException",
  ],
  [
    "an unknown curve",
    `subtle.generateKey({ name: "ECDH", namedCurve: "P-1" }, true, ["deriveBits"])`,
    "NotSupportedError DOMException",
  ],
  [
    "bits that are no bytes",
    `subtle.deriveBits({ name: "HKDF", hash: "SHA-1", salt: iv, info: iv }, await raw(iv, "HKDF", "deriveBits"), 9)`,
    "OperationError DOMException",
  ],
  [
    "too many iterations",
    `subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: iv, iterations: 2_000_001 }, await raw(iv, "PBKDF2", "deriveBits"), 256)`,
    "OperationError DOMException",
  ],
  [
    "an RSA key that takes too long",
    `subtle.generateKey({ name: "RSA-PSS", modulusLength: 4097, publicExponent: bytes("010001"), hash: "SHA-1" }, true, ["sign"])`,
    "OperationError DOMException",
  ],
  [
    "a public exponent that takes too long",
    `subtle.generateKey({ name: "RSA-PSS", modulusLength: 1024, publicExponent: bytes("05"), hash: "SHA-1" }, true, ["sign"])`,
    "OperationError DOMException",
  ],
];

describe.each(["worker", "none"] as const)("crypto.subtle with isolation %s", (isolation) => {
  let evaluate: (source: string) => Promise<string>;
  let sandbox: Sandbox;

  beforeAll(async () => {
    const lines: string[] = [];
    sandbox = await createSandbox({
      isolation,
      observe: (event) => void (event.type === "console" && lines.push(event.message)),
    });
    evaluate = async (source) => {
      await sandbox.run(source, { name: "test.mjs", type: "module" });
      await sandbox.idle();
      return lines.splice(0).join("\n");
    };
    return () => sandbox.close();
  });

  test.each([...vectors, ...roundTrips])("%s", async (_what, source, outcome) => {
    const program = `${prelude} console.log(await (async () => { ${source} })())`;

    expect(await evaluate(program)).toBe(outcome);
  });

  test.each(failures)("%s is refused", async (_what, source, outcome) => {
    const program = `${prelude} const iv = new Uint8Array(12), iv16 = new Uint8Array(16);
      console.log(await outcome(async () => ${source}))`;

    expect(await evaluate(program)).toBe(outcome);
  });
});

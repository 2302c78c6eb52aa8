import { describe, expect, test } from "vitest";
import { SandboxError } from "../../src/errors.ts";
import { parsePolicyFile } from "../../src/policy/policy-file.ts";

describe("A file that is not JSON is refused with the place, what is there and what to write", () => {
  test.each([
    [
      'p.json:1:1: expected a value, got the end of the file; write { "allow": ["wss://api.example.com"] }',
      "",
    ],
    [
      'p.json:2:1: expected a value, got the end of the file; write { "allow": ["wss://api.example.com"] }',
      "   \n",
    ],
    ['p.json:1:1: expected a value, got "/"; JSON has no comments: remove it', "// the hub\n{}"],
    [
      'p.json:1:4: expected the end of the text, got "{"; write one object and nothing behind it',
      "{} {}",
    ],
    [
      'p.json:1:2: expected a name in double quotes or "}", got "\'"; write names as in "allow"',
      "{'allow': []}",
    ],
    [
      'p.json:1:2: expected a name in double quotes or "}", got "a"; write names as in "allow"',
      "{allow: []}",
    ],
    [
      'p.json:1:10: allow: expected ":" after the name, got "["; write "allow": and its value',
      '{"allow" []}',
    ],
    [
      'p.json:1:11: allow: expected a value, got "}"; write a string in double quotes, a number, true, false, null, a list or an object',
      '{"allow": }',
    ],
    ['p.json:1:14: expected a value behind the comma, got "}"; remove the comma', '{"allow": [],}'],
    [
      'p.json:1:30: allow: expected a value behind the comma, got "]"; remove the comma',
      '{"allow": ["wss://a.example",]}',
    ],
    [
      'p.json:1:29: allow: expected "," or "]", got "\\""; write "," between two items and "]" behind the last',
      '{"allow": ["ws://a.example" "ws://b.example"]}',
    ],
    [
      'p.json:2:1: allow: expected "," or "]", got the end of the file; write "," between two items and "]" behind the last',
      '{"allow": ["ws://a.example"\n',
    ],
    [
      'p.json:2:2: expected "," or "}", got "\\""; write "," between two items and "}" behind the last',
      '{"allow": []\n "deny": []}',
    ],
    [
      "p.json:1:30: allow[0]: expected a double quote at the end of the string, got the end of the file; write one, or \\n for a new line",
      '{"allow": ["wss://a.example]}',
    ],
    [
      "p.json:1:29: allow[0]: expected a double quote at the end of the string, got U+000A; write one, or \\n for a new line",
      '{"allow": ["wss://a.example,\n"ws://b"]}',
    ],
    [
      'p.json:1:22: allow[0]: expected an escape of JSON, got "\\."; write two backslashes for a backslash',
      '{"allow": ["wss:\\/\\/a\\.example"]}',
    ],
    [
      'p.json:1:12: allow[0]: expected a value, got "\'wss"; write a string in double quotes, a number, true, false, null, a list or an object',
      "{\"allow\": ['wss://a.example']}",
    ],
    [
      'p.json:1:12: allow[0]: expected a value, got "wss"; write a string in double quotes, a number, true, false, null, a list or an object',
      '{"allow": [wss://a.example]}',
    ],
    [
      'p.json:1:12: allow[0]: expected a value, got "undefined"; write a string in double quotes, a number, true, false, null, a list or an object',
      '{"allow": [undefined]}',
    ],
    [
      'p.json:1:12: allow[0]: expected a value, got "01"; write a string in double quotes, a number, true, false, null, a list or an object',
      '{"allow": [01]}',
    ],
    [
      'p.json:1:12: allow[0]: expected a value, got "True"; write a string in double quotes, a number, true, false, null, a list or an object',
      '{"allow": [True]}',
    ],
    [
      'p.json:2:3: expected a name in double quotes or "}", got "#"; JSON has no comments: remove it',
      '{"allow": [],\n  # nothing\n "deny": []}',
    ],
    [
      'p.json:1:14: expected "," or "}", got "/"; JSON has no comments: remove it',
      '{"allow": [] /* none */}',
    ],
    [
      'p.json:2:3: allow: gives the name "allow" twice; remove one of the two',
      '{"allow": []\n, "allow": []}',
    ],
    [
      'p.json:1:33: allow[0].origin: gives the name "origin" twice; remove one of the two',
      '{"allow": [{"origin": "ws://a", "origin": "ws://b"}]}',
    ],
    [
      `p.json:1:66: ${"[0]".repeat(65)}: expected at most 64 lists and objects in each other, got more; write fewer`,
      "[".repeat(66),
    ],
    [
      "p.json:3:80: allow[0].connect.credentials.password: expected a value, got text without double quotes; write a string in double quotes, a number, true, false, null, a list or an object",
      grantWith('"connect": { "credentials": { "password": hunter2 } }'),
    ],
  ])("%s", (message, text) => {
    expect(messageFor(text)).toBe(message);
  });
});

describe("Rules that are wrong are refused with the place, what is there and what to write", () => {
  test.each([
    [
      'p.json:1:1: expected an object, got a list; write { "allow": ["wss://api.example.com"] }',
      "[]",
    ],
    ['p.json:1:1: expected an object, got 7; write { "allow": ["wss://api.example.com"] }', "7"],
    [
      'p.json:1:1: expected an object, got "wss://hub.example"; write { "allow": ["wss://api.example.com"] }',
      '"wss://hub.example"',
    ],
    [
      'p.json:1:1: expected an object, got null; write { "allow": ["wss://api.example.com"] }',
      "null",
    ],
    [
      'p.json:1:1: allow: is missing; expected a list; write "allow": ["wss://api.example.com"]',
      "{}",
    ],
    [
      'p.json:1:1: allow: is missing; expected a list; write "allow": ["wss://api.example.com"]',
      '{"deny": []}',
    ],
    [
      'p.json:1:11: allow: expected a list, got "wss://a.example"; write "allow": ["wss://api.example.com"]',
      '{"allow": "wss://a.example"}',
    ],
    [
      'p.json:1:11: allow: expected a list, got null; write "allow": ["wss://api.example.com"]',
      '{"allow": null}',
    ],
    [
      'p.json:1:11: allow: expected a list, got an object; write "allow": ["wss://api.example.com"]',
      '{"allow": {}}',
    ],
    [
      'p.json:1:23: deny: expected a list, got "ws://a"; write "deny": ["ws://192.168.1.1:*"]',
      '{"allow": [], "deny": "ws://a"}',
    ],
    [
      'p.json:1:24: deny[0]: expected a string, got 1; write "ws://192.168.1.1:*"',
      '{"allow": [], "deny": [1]}',
    ],
    [
      'p.json:1:24: deny[0]: "10.0.0.1" has no scheme; write "wss://10.0.0.1" or "ws://10.0.0.1", or for fetch "https://10.0.0.1" or "http://10.0.0.1"',
      '{"allow": [], "deny": ["10.0.0.1"]}',
    ],
    [
      'p.json:2:3: alow: "alow" is not known here; expected $schema, allow, deny; write "allow"',
      '{\n  "alow": []\n}',
    ],
    [
      'p.json:1:15: denied: "denied" is not known here; expected $schema, allow, deny; remove it',
      '{"allow": [], "denied": []}',
    ],
    [
      'p.json:1:15: schema: "schema" is not known here; expected $schema, allow, deny; write "$schema"',
      '{"allow": [], "schema": ""}',
    ],
    [
      'p.json:1:15: comment: "comment" is not known here; expected $schema, allow, deny; remove it',
      '{"allow": [], "comment": "x"}',
    ],
    [
      'p.json:1:13: $schema: expected a string, got 1; write "$schema": "./node_modules/quickjs-network-device/policy.schema.json"',
      '{"$schema": 1, "allow": []}',
    ],
    [
      'p.json:1:15: __proto__: "__proto__" is not known here; expected $schema, allow, deny; remove it',
      '{"allow": [], "__proto__": {"deny": []}}',
    ],
    [
      'p.json:1:15: ["a\\u001b[2Jb"]: "a\\u001b[2Jb" is not known here; expected $schema, allow, deny; remove it',
      '{"allow": [], "a\\u001b[2Jb": 1}',
    ],
    [
      'p.json:1:12: allow[0]: expected a pattern or an object, got 7; write { "origin": "wss://api.example.com" }',
      '{"allow": [7]}',
    ],
    [
      'p.json:1:12: allow[0]: expected a pattern or an object, got null; write { "origin": "wss://api.example.com" }',
      '{"allow": [null]}',
    ],
    [
      'p.json:1:12: allow[0]: expected a pattern or an object, got a list; write { "origin": "wss://api.example.com" }',
      '{"allow": [["ws://a"]]}',
    ],
    [
      'p.json:1:12: allow[0].origin: is missing; expected a string; write "origin": "wss://api.example.com"',
      '{"allow": [{}]}',
    ],
    [
      'p.json:1:23: allow[0].origin: expected a string, got 1; write "origin": "wss://api.example.com"',
      '{"allow": [{"origin": 1}]}',
    ],
    [
      'p.json:1:33: allow[0].adresses: "adresses" is not known here; expected origin, addresses, connect; write "addresses"',
      '{"allow": [{"origin": "ws://a", "adresses": {}}]}',
    ],
    [
      'p.json:1:13: allow[0].origins: "origins" is not known here; expected origin, addresses, connect; write "origin"',
      '{"allow": [{"origins": ["ws://a"]}]}',
    ],
    [
      'p.json:3:14: allow[1].origin: "ws://b/" has a path; write "ws://b"',
      '{"allow": [\n  "wss://a.example",\n  {"origin": "ws://b/"}\n]}',
    ],
    [
      'p.json:1:12: allow[0]: "lamp.local" has no scheme; write "wss://lamp.local" or "ws://lamp.local", or for fetch "https://lamp.local" or "http://lamp.local"',
      '{"allow": ["lamp.local"]}',
    ],
    [
      'p.json:1:12: allow[0]: "wss://…@hub.example" contains credentials; write "wss://*@host" to allow them in URLs, or give them as connect.credentials',
      '{"allow": ["wss://lamp:secret@hub.example"]}',
    ],
    [
      'p.json:1:12: allow[0]: "wss://10.0.0.1/8" has bits set behind its prefix; write 10.0.0.0/8 for the block or 10.0.0.1 for the one address',
      '{"allow": ["wss://10.0.0.1/8"]}',
    ],
    [
      'p.json:1:12: allow[0]: "wss://10.0.0.0/33" has the prefix length "33"; write a number from 0 to 32',
      '{"allow": ["wss://10.0.0.0/33"]}',
    ],
    [
      'p.json:1:12: allow[0]: "wss://a b.example" has the host "a b.example", which no URL can have; write a name such as device.local, or an address',
      '{"allow": ["wss://a b.example"]}',
    ],
    [
      'p.json:1:12: allow[0]: "wss://a.example?x" has a path; write the origin only, as in "wss://api.example.com"',
      '{"allow": ["wss://a.example?x"]}',
    ],
  ])("%s", (message, text) => {
    expect(messageFor(text)).toBe(message);
  });
});

describe("A grant that is wrong is refused with the place, what is there and what to write", () => {
  test.each([
    [
      'p.json:3:51: allow[0].addresses: expected an object, got true; write "addresses": { "privateNetworks": true }',
      grantWith('"addresses": true'),
    ],
    [
      'p.json:3:53: allow[0].addresses.privateNetwork: "privateNetwork" is not known here; expected privateNetworks, loopback, allow, deny; write "privateNetworks"',
      grantWith('"addresses": { "privateNetwork": true }'),
    ],
    [
      'p.json:3:65: allow[0].addresses.loopback: expected true or false, got "yes"; write "loopback": true or "loopback": false',
      grantWith('"addresses": { "loopback": "yes" }'),
    ],
    [
      'p.json:3:62: allow[0].addresses.allow: expected a list, got "10.0.0.0/8"; write "allow": ["192.168.0.0/16"]',
      grantWith('"addresses": { "allow": "10.0.0.0/8" }'),
    ],
    [
      'p.json:3:63: allow[0].addresses.allow[0]: expected a string, got 10; write "192.168.0.0/16"',
      grantWith('"addresses": { "allow": [10] }'),
    ],
    [
      'p.json:3:63: allow[0].addresses.allow[0]: "10.0.0.1/8" has bits set behind its prefix; write 10.0.0.0/8 for the block or 10.0.0.1 for the one address',
      grantWith('"addresses": { "allow": ["10.0.0.1/8"] }'),
    ],
    [
      'p.json:3:62: allow[0].addresses.deny[0]: "hub.example" is not an IP address or a block; write one as in "192.168.1.20" or "192.168.0.0/16"',
      grantWith('"addresses": { "deny": ["hub.example"] }'),
    ],
    [
      'p.json:3:62: allow[0].addresses.deny[0]: "::/129" has the prefix length "129"; write a number from 0 to 128',
      grantWith('"addresses": { "deny": ["::/129"] }'),
    ],
    [
      'p.json:3:49: allow[0].connect: expected an object, got a list; write "connect": { "headers": { "X-Api-Key": "text" } }',
      grantWith('"connect": []'),
    ],
    [
      'p.json:3:51: allow[0].connect.header: "header" is not known here; expected headers, origin, credentials, tls, perMessageDeflate; write "headers"',
      grantWith('"connect": { "header": {} }'),
    ],
    [
      'p.json:3:62: allow[0].connect.headers: expected an object, got a list; write "headers": { "X-Api-Key": "text" }',
      grantWith('"connect": { "headers": [] }'),
    ],
    [
      'p.json:3:62: allow[0].connect.headers: expected an object, got a string; write "headers": { "X-Api-Key": "text" }',
      grantWith('"connect": { "headers": "X-Api-Key: secret" }'),
    ],
    [
      'p.json:3:77: allow[0].connect.headers["X-Api-Key"]: expected a string, got a number; write "X-Api-Key": "text"',
      grantWith('"connect": { "headers": { "X-Api-Key": 1234 } }'),
    ],
    [
      'p.json:3:64: allow[0].connect.headers["X Api Key"]: "X Api Key" is not a header name; write letters, digits and hyphens only, as in "X-Api-Key"',
      grantWith('"connect": { "headers": { "X Api Key": "secret" } }'),
    ],
    [
      'p.json:3:64: allow[0].connect.headers.Host: "Host" belongs to the handshake and cannot be set; remove it',
      grantWith('"connect": { "headers": { "Host": "a.example" } }'),
    ],
    [
      'p.json:3:77: allow[0].connect.headers["X-Api-Key"]: has U+000A as character 7, which no header can carry; remove it',
      grantWith('"connect": { "headers": { "X-Api-Key": "secret\\n" } }'),
    ],
    [
      'p.json:3:61: allow[0].connect.origin: expected a string, got null; write "origin": "https://dashboard.example.com"',
      grantWith('"connect": { "origin": null }'),
    ],
    [
      "p.json:3:61: allow[0].connect.origin: has U+2026 as character 10, which no header can carry; remove it",
      grantWith('"connect": { "origin": "https://a\\u2026" }'),
    ],
    [
      'p.json:3:66: allow[0].connect.credentials: expected an object, got a string; write "credentials": { "username": "text", "password": "text" }',
      grantWith('"connect": { "credentials": "lamp:secret" }'),
    ],
    [
      'p.json:3:66: allow[0].connect.credentials.username: is missing; expected a string; write "username": "text"',
      grantWith('"connect": { "credentials": {} }'),
    ],
    [
      'p.json:3:66: allow[0].connect.credentials.password: is missing; expected a string; write "password": "text"',
      grantWith('"connect": { "credentials": { "username": "lamp" } }'),
    ],
    [
      'p.json:3:100: allow[0].connect.credentials.password: expected a string, got a number; write "password": "text"',
      grantWith('"connect": { "credentials": { "username": "lamp", "password": 1234 } }'),
    ],
    [
      "p.json:3:80: allow[0].connect.credentials.username: has a colon as character 3, where HTTP Basic authentication ends a user name (RFC 7617); write one without",
      grantWith('"connect": { "credentials": { "username": "la:mp", "password": "secret" } }'),
    ],
    [
      'p.json:3:68: allow[0].connect.credentials.user: "user" is not known here; expected username, password; remove it',
      grantWith('"connect": { "credentials": { "user": "lamp", "password": "secret" } }'),
    ],
    [
      'p.json:3:58: allow[0].connect.tls: expected an object, got "ca.pem"; write "tls": { "ca": "-----BEGIN CERTIFICATE-----\\n…" }',
      grantWith('"connect": { "tls": "ca.pem" }'),
    ],
    [
      'p.json:3:60: allow[0].connect.tls.rejectUnauthorized: "rejectUnauthorized" is not known here; expected ca, cert, key, passphrase, servername; remove it',
      grantWith('"connect": { "tls": { "rejectUnauthorized": false } }'),
    ],
    [
      'p.json:3:74: allow[0].connect.tls.servername: expected a string, got 1; write "servername": "hub.example.com"',
      grantWith('"connect": { "tls": { "servername": 1 } }'),
    ],
    [
      'p.json:3:66: allow[0].connect.tls.ca: expected a string or a list of strings, got 1; write "ca": "-----BEGIN CERTIFICATE-----\\n…"',
      grantWith('"connect": { "tls": { "ca": 1 } }'),
    ],
    [
      'p.json:3:75: allow[0].connect.tls.ca[1]: expected a string, got 1; write "-----BEGIN CERTIFICATE-----\\n…"',
      grantWith('"connect": { "tls": { "ca": ["text", 1] } }'),
    ],
    [
      'p.json:3:68: allow[0].connect.tls.cert: expected a string, got false; write "cert": "-----BEGIN CERTIFICATE-----\\n…"',
      grantWith('"connect": { "tls": { "cert": false } }'),
    ],
    [
      'p.json:3:67: allow[0].connect.tls.key: expected a string, got a number; write "key": "-----BEGIN PRIVATE KEY-----\\n…"',
      grantWith('"connect": { "tls": { "key": 1234 } }'),
    ],
    [
      'p.json:3:74: allow[0].connect.tls.passphrase: expected a string, got a number; write "passphrase": "text"',
      grantWith('"connect": { "tls": { "passphrase": 1234 } }'),
    ],
    [
      'p.json:3:58: allow[0].connect.tls: expected an object, got a list; write "tls": { "ca": "-----BEGIN CERTIFICATE-----\\n…" }',
      grantWith('"connect": { "tls": [] }'),
    ],
    [
      'p.json:3:72: allow[0].connect.perMessageDeflate: expected true or false, got 1; write "perMessageDeflate": true or "perMessageDeflate": false',
      grantWith('"connect": { "perMessageDeflate": 1 }'),
    ],
    [
      'p.json:3:51: allow[0].connect.permessagedeflate: "permessagedeflate" is not known here; expected headers, origin, credentials, tls, perMessageDeflate; write "perMessageDeflate"',
      grantWith('"connect": { "permessagedeflate": true }'),
    ],
  ])("%s", (message, text) => {
    expect(messageFor(text)).toBe(message);
  });
});

test.each([
  `"connect": { "headers": { "X-Api-Key": "hunter2\\n" } }`,
  `"connect": { "headers": { "X-Api-Key": ["hunter2"] } }`,
  `"connect": { "headers": "hunter2" }`,
  `"connect": { "headers": { "X-Api-Key": hunter2 } }`,
  `"connect": { "headers": { "X-Api-Key": "hunter2 } }`,
  `"connect": { "credentials": "hunter2" }`,
  `"connect": { "credentials": { "username": "lamp", "password": ["hunter2"] } }`,
  `"connect": { "credentials": { "username": "lamp:hunter2", "password": "" } }`,
  `"connect": { "credentials": { "username": "lamp", "password": hunter2 } }`,
  `"connect": { "credentials": { "username": "lamp", "password": "hunter2\\x" } }`,
  `"connect": { "tls": { "key": { "pem": "hunter2" } } }`,
])("No message tells the secret in %s", (properties) => {
  const message = messageFor(grantWith(properties));

  expect(message).toMatch(/^p\.json:3:/);
  expect(message).not.toContain("hunter2");
});

/** A file with one grant, whose properties begin in column 40 of line 3. */
function grantWith(properties: string): string {
  return `{\n  "allow": [\n    { "origin": "wss://hub.example", ${properties} }\n  ]\n}`;
}

function messageFor(text: string): string {
  try {
    parsePolicyFile(text, "p.json");
  } catch (error) {
    if (error instanceof SandboxError && error.code === "ERR_OPTION") return error.message;
    throw error;
  }
  throw new Error("The file was accepted");
}

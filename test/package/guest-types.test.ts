import { afterAll, beforeAll, expect, test } from "vitest";
import { type Consumer, createConsumer, projectFolder } from "../support/consumer.ts";

const sample = `
const socket: WebSocket = NetworkDevice.createWebSocket("ws://lamp.local", ["v1", "v2"]);
socket.binaryType = "arraybuffer";
socket.onopen = (event) => socket.send(\`\${event.type} \${event.timeStamp.toFixed()}\`);
socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
  if (typeof data === "string") console.log(data.length);
  else console.log(new Uint8Array(data).byteLength);
};
socket.addEventListener("close", function ({ code, reason, wasClean }) {
  const state: 0 | 1 | 2 | 3 = this.readyState;
  console.info(code.toFixed(), reason.length, wasClean, state === WebSocket.CLOSED, state === socket.CLOSED);
}, { once: true, signal: AbortSignal.timeout(500) });
socket.addEventListener("error", { handleEvent(event) { event.preventDefault(); } });
socket.send(new Blob(["a", new Uint8Array(3)], { type: "text/plain" }));
socket.close(1000, "done");
socket.destroy();
NetworkDevice.update();
const [first]: readonly string[] = NetworkDevice.args;

const timer: number = setTimeout((text: string, count: number) => alert(text.repeat(count)), 10, "a", 2);
clearTimeout(timer);
queueMicrotask(() => self.reportError(new DOMException("gone", "AbortError")));
window.addEventListener("error", (event) => console.error(event.message, event.lineno, event.error));
addEventListener("unhandledrejection", (event) => console.error(event.reason, event.promise));
const url = new URL("/path?a=1", "http://lamp.local");
for (const [name, value] of url.searchParams) console.debug(name, value);
const bytes: Uint8Array<ArrayBuffer> = crypto.getRandomValues(new Uint8Array(16));
async function signed(): Promise<void> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const signature: ArrayBuffer = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, bytes);
  const jwk: JsonWebKey = await crypto.subtle.exportKey("jwk", publicKey);
  const hmac: CryptoKey = await crypto.subtle.importKey("raw", signature, { name: "HMAC", hash: "SHA-1" }, true, ["sign"]);
  console.log(jwk.x, hmac.usages.length, await crypto.subtle.digest("SHA-256", bytes));
}
const text: string = btoa(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) + atob("YQ==");
const copy: { a: number[] } = structuredClone({ a: [1] });
const later: number = performance.now() + performance.timeOrigin;
const target = new EventTarget();
target.dispatchEvent(new CustomEvent("lamp", { detail: { on: true } }));
const { port1, port2 }: MessageChannel = new MessageChannel();
port2.onmessage = ({ data, ports: [reply] }) => reply?.postMessage(data);
port1.postMessage({ bytes }, [bytes.buffer, new MessageChannel().port2]);
new Blob(["a"]).stream().pipeThrough(new CompressionStream("gzip")).pipeThrough(new TextDecoderStream()).cancel();
TurbulenzEngine.createNetworkDevice({}).createWebSocket("ws://lamp.local");
const request = new Request("/state", { method: "POST", body: new URLSearchParams({ a: "1" }), headers: [["X-Key", "1"]], signal: AbortSignal.timeout(500) });
async function get(): Promise<string | File | null> {
  const response: Response = await fetch(request.clone(), { redirect: "manual" });
  for (const [name, value] of response.headers) console.log(name.length, value.length, response.ok, response.type === "basic");
  if (response.body !== null) for await (const chunk of response.body) console.log(chunk.byteLength);
  const form: FormData = await Response.json({ a: 1 }).formData();
  form.append("file", new File([], "a.txt"), "b.txt");
  return form.get("file");
}
const cookies: string[] = new Headers({ a: "b" }).getSetCookie();
export { first, text, copy, later, get, cookies };
`;

let consumer: Consumer;

beforeAll(async () => {
  consumer = await createConsumer();
  await consumer.link("quickjs-network-device", projectFolder);
  await Promise.all(
    ["nodenext", "bundler"].map((resolution) =>
      consumer.write(
        `${resolution}/tsconfig.json`,
        JSON.stringify({
          compilerOptions: {
            lib: ["es2023"],
            types: ["quickjs-network-device/guest"],
            target: "es2022",
            module: resolution === "bundler" ? "esnext" : resolution,
            moduleResolution: resolution,
            strict: true,
            noEmit: true,
            skipLibCheck: false,
          },
          include: ["."],
        }),
      ),
    ),
  );
});

afterAll(async () => consumer[Symbol.asyncDispose]());

test.each(["nodenext", "bundler"])(
  "A device script type-checks with the guest's types alone (%s)",
  async (resolution) => {
    await consumer.write(`${resolution}/script.ts`, sample);

    expect(await consumer.typeCheck(resolution)).toBe("");
  },
);

test.each([
  ["document.title", "Cannot find name 'document'"],
  ["process.exit()", "Cannot find name 'process'"],
  ["fetch('http://lamp.local', { mode: 'navigate' })", "is not assignable to type"],
  ["NetworkDevice.createWebSocket(1)", "is not assignable to parameter of type 'string | URL'"],
  ["new WebSocket('ws://a').binaryType = 'text'", "is not assignable to type"],
  ["new WebSocket('ws://a').readyState = 1", "read-only"],
  ["setTimeout('alert(1)', 1)", "is not assignable to parameter"],
])("The guest's types refuse %s", async (code, complaint) => {
  await consumer.write("nodenext/script.ts", `${code};\nexport {};\n`);

  expect(await consumer.typeCheck("nodenext")).toContain(complaint);
});

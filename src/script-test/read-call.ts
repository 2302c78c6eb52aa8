import type { TestCall, TestDeclaration, TestFailure } from "./protocol.ts";

/** Tests of one file, and failures of one test, that are taken. */
const maxTests = 10_000;
const maxFailures = 20;

/** Characters of a name, a message or a stack that are taken. */
const maxText = 20_000;

type Json = Readonly<Record<string, unknown>>;

/** Reads a message of the testing library, which a test may have tampered with; `undefined` for what is none. */
export function readCall(text: string): TestCall | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const op = String(value["op"]);
  return Object.hasOwn(readers, op) ? readers[op]?.(value) : undefined;
}

const readers: Readonly<Record<string, (json: Json) => TestCall | undefined>> = {
  tests({ tests }) {
    if (!Array.isArray(tests)) return undefined;
    return { op: "tests", tests: tests.slice(0, maxTests).map(readTest) };
  },
  done({ failures }) {
    if (!Array.isArray(failures)) return undefined;
    return { op: "done", failures: failures.slice(0, maxFailures).map(readFailure) };
  },
  device({ device, origin }) {
    return isId(device) && typeof origin === "string"
      ? { op: "device", device, origin }
      : undefined;
  },
  accept({ peer, protocol }) {
    if (!isId(peer)) return undefined;
    return { op: "accept", peer, ...(typeof protocol === "string" ? { protocol } : {}) };
  },
  refuse({ peer, status }) {
    return isId(peer) && isStatus(status) ? { op: "refuse", peer, status } : undefined;
  },
  send(json) {
    const { peer } = json;
    return isId(peer) ? { op: "send", peer, ...readData(json) } : undefined;
  },
  close({ peer, code, reason }) {
    if (!isId(peer)) return undefined;
    return {
      op: "close",
      peer,
      ...(typeof code === "number" ? { code } : {}),
      ...(typeof reason === "string" ? { reason } : {}),
    };
  },
  ping: ({ peer }) => (isId(peer) ? { op: "ping", peer } : undefined),
  drop: ({ peer }) => (isId(peer) ? { op: "drop", peer } : undefined),
  silence: ({ peer }) => (isId(peer) ? { op: "silence", peer } : undefined),
  respond(json) {
    const { request, status = 200, headers = {} } = json;
    if (!isId(request) || !isStatus(status) || !isObject(headers)) return undefined;
    const texts = Object.entries(headers).map(([name, value]) => [name, String(value)]);
    return {
      op: "respond",
      request,
      status,
      headers: Object.fromEntries(texts),
      ...readData(json),
    };
  },
  advance({ call, ms }) {
    return isId(call) && typeof ms === "number" && ms >= 0
      ? { op: "advance", call, ms }
      : undefined;
  },
  runAll: ({ call }) => (isId(call) ? { op: "runAll", call } : undefined),
  load({ call, path, type }) {
    if (!isId(call) || typeof path !== "string") return undefined;
    return { op: "load", call, path, ...(typeof type === "string" ? { type } : {}) };
  },
};

function readData({ text, bytes }: Json): { readonly text?: string; readonly bytes?: boolean } {
  return bytes === true ? { bytes } : { text: typeof text === "string" ? text : "" };
}

function readTest(value: unknown): TestDeclaration {
  const { names, mode, stack } = isObject(value) ? value : {};
  return {
    names: Array.isArray(names) ? names.slice(0, 100).map((name) => short(name, 1_000)) : [],
    mode: mode === "skip" || mode === "todo" ? mode : "run",
    stack: short(stack, maxText),
  };
}

function readFailure(value: unknown): TestFailure {
  const { name, message, stack } = isObject(value) ? value : {};
  return { name: short(name, 200), message: short(message, maxText), stack: short(stack, maxText) };
}

function short(value: unknown, length: number): string {
  const text = typeof value === "string" ? value : "";
  return text.length > length ? `${text.slice(0, length)}...` : text;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 100 && Number(value) <= 599;
}

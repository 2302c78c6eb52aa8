/** What every script of this folder does with its library, told by the same lines. */

export const count = 1_000;
export const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);

/** Returns a function that takes numbers and a promise that they came in order, all of them. */
export function expectInOrder() {
  let next = 0;
  let finish;
  const complete = new Promise((resolve) => (finish = resolve));
  function take(value) {
    if (Number(value) !== next) throw new Error(`expected ${next}, got ${value}`);
    next++;
    if (next === count) finish(console.log(`${count} messages in order`));
  }
  return { take, complete };
}

/** Prints whether bytes came as they were sent. */
export function checkBytes(received) {
  const view = new Uint8Array(received.buffer ?? received, received.byteOffset, received.length);
  const isIntact = view.length === bytes.length && view.every((byte, at) => byte === bytes[at]);
  console.log(isIntact ? `${bytes.length} bytes intact` : `wrong bytes: ${view.join(" ")}`);
}

/** The next value that a library's callback is called with: `const opened = next((tell) => (socket.onopen = tell))`. */
export function next(subscribe) {
  return new Promise(subscribe);
}

/** Asks the test to cut the connection. */
export function askToCut() {
  console.log("cut me");
}

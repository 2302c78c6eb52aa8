/**
 * What every attack finds in its sandbox; made of built-ins that are captured before the attack.
 *
 * - `print` prints a line.
 * - `attempt(work)` prints the value of `work()`, or the name of what it throws.
 * - `connect(url, protocols)` opens a socket and prints its events.
 * - `onPort(host)` is the URL of the hostile server under some spelling of its host.
 * - `exchange(text, isHeld)` opens a socket to the echo server, sends the text and prints what comes back; `isHeld` tells that events
 *   wait for `update()`.
 */
export const guestHelpers = `
  const [echoUrl, port] = NetworkDevice.args;
  const print = console.log;
  const Socket = WebSocket;
  const { defineProperty, apply } = Reflect;
  const onPort = (host) => "ws://" + host + ":" + port + "/";

  const nameOf = (error) => error === null || error === undefined ? "" + error
    : typeof error === "object" ? "" + error.name : typeof error;
  const attempt = (work) => {
    let line;
    try { line = "returned " + work() } catch (error) { line = "threw " + nameOf(error) }
    print(line);
  };

  const hear = (socket) => {
    socket.onopen = () => print("open");
    socket.onmessage = ({ data }) => print("message " + data);
    socket.onerror = () => print("error");
    socket.onclose = ({ code, reason, wasClean }) => print("close " + code + " " + wasClean + (reason === "" ? "" : " " + reason));
    return socket;
  };
  const connect = (url, protocols) => {
    try {
      return hear(new Socket(url, protocols));
    } catch (error) {
      print("threw " + nameOf(error));
    }
  };

  const { setInterval: every, clearInterval: never } = globalThis;
  const { update } = NetworkDevice;
  const exchange = (text, isHeld) => {
    const socket = new Socket(echoUrl);
    if (isHeld) {
      const poll = every(update, 1);
      socket.addEventListener("close", () => never(poll));
    }
    socket.onopen = () => socket.send(text);
    socket.onmessage = ({ data }) => { print(data); socket.close() };
  };
`;

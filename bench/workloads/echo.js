// Keeps a number of messages under way to an echo server.
globalThis.workload = {
  async open({ url, outstanding, kind, size }) {
    this.outstanding = outstanding;
    this.size = size;
    this.message = kind === "binary" ? new Uint8Array(size).fill(1) : "m".repeat(size);
    this.socket = new WebSocket(`${url}/echo`);
    this.socket.binaryType = "arraybuffer";
    await new Promise((resolve, reject) => {
      this.socket.onopen = resolve;
      this.socket.onclose = () => reject(new Error("The socket closed"));
    });
  },

  run({ count }) {
    const { socket, message, size, outstanding } = this;
    const samples = [];
    const perSample = 50;
    let sent = 0;
    let received = 0;
    let since = performance.now();
    return new Promise((resolve) => {
      function send() {
        sent += 1;
        socket.send(message);
      }
      socket.onmessage = ({ data }) => {
        if ((data.length ?? data.byteLength) !== size)
          throw new Error("A message came back changed");
        received += 1;
        // The clock is too coarse for one round trip.
        if (outstanding === 1 && received % perSample === 0) {
          const now = performance.now();
          samples.push((now - since) / perSample);
          since = now;
        }
        if (sent < count) send();
        else if (received === count) resolve({ messages: received, roundTrips: samples });
      };
      for (let index = 0; index < Math.min(outstanding, count); index += 1) send();
    });
  },

  close() {
    this.socket.onclose = null;
    this.socket.close();
  },
};

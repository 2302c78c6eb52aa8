// Receives as fast as it can; parses what is JSON.
globalThis.workload = {
  async open({ url, kind, size }) {
    this.kind = kind;
    this.size = size;
    this.socket = new WebSocket(`${url}/flood?kind=${kind}&size=${size}`);
    this.socket.binaryType = "arraybuffer";
    await new Promise((resolve, reject) => {
      this.socket.onopen = resolve;
      this.socket.onclose = () => reject(new Error("The socket closed"));
    });
  },

  run({ count }) {
    const { socket, kind, size } = this;
    const sizeOf = {
      text: (data) => data.length,
      binary: (data) => data.byteLength,
      json: (data) => (JSON.parse(data).lamps.length === 9 ? data.length : 0),
    }[kind];
    let received = 0;
    return new Promise((resolve) => {
      socket.onmessage = ({ data }) => {
        if (sizeOf(data) !== size) throw new Error("A message came changed");
        received += 1;
        if (received === count) resolve({ messages: received });
      };
      socket.send(String(count));
    });
  },

  close() {
    this.socket.onclose = null;
    this.socket.close();
  },
};

// Sends in bursts, two of which are under way; stringifies what is JSON.
globalThis.workload = {
  async open({ url, kind, size, burst, state }) {
    this.kind = kind;
    this.size = size;
    this.burst = burst;
    this.state = state;
    this.socket = new WebSocket(`${url}/sink?burst=${burst}`);
    await new Promise((resolve, reject) => {
      this.socket.onopen = resolve;
      this.socket.onclose = () => reject(new Error("The socket closed"));
    });
  },

  run({ count }) {
    const { socket, kind, size, burst, state } = this;
    const text = "m".repeat(size);
    const bytes = new Uint8Array(size).fill(1);
    const sendOne = {
      text: () => socket.send(text),
      binary: () => socket.send(bytes),
      json: (index) => {
        state.id = 100_000 + index;
        socket.send(JSON.stringify(state));
      },
    }[kind];
    let sent = 0;
    let answered = 0;
    return new Promise((resolve) => {
      function sendBurst() {
        for (let index = 0; index < burst; index += 1) sendOne(index);
        sent += burst;
      }
      socket.onmessage = () => {
        answered += burst;
        if (sent < count) sendBurst();
        else if (answered === count) resolve({ messages: answered });
      };
      sendBurst();
      if (sent < count) sendBurst();
    });
  },

  close() {
    this.socket.onclose = null;
    this.socket.close();
  },
};

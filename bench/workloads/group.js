// A number of sockets that get JSON events and answer some; one more socket starts the server's tasks and is told of their end.
globalThis.workload = {
  async open({ url, name, sockets, isControlling }) {
    const opened = [];
    for (let index = 0; index < sockets; index += 1) opened.push(this.join(url, name));
    if (isControlling) {
      this.control = new WebSocket(`${url}/group?name=${name}&role=control`);
      opened.push(this.untilOpen(this.control));
    }
    await Promise.all(opened);
  },

  join(url, name) {
    const socket = new WebSocket(`${url}/group?name=${name}`);
    socket.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      if (event.isAnswered) socket.send(String(event.id));
    };
    return this.untilOpen(socket);
  },

  untilOpen(socket) {
    return new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error("A socket failed"));
    });
  },

  run(task) {
    return new Promise((resolve) => {
      this.control.onmessage = ({ data }) => resolve(JSON.parse(data));
      this.control.send(JSON.stringify(task));
    });
  },
};

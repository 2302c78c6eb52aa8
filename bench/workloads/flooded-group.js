// A few sockets that answer every event, while another one gets more than it can take.
globalThis.workload = {
  async open({ url, name, sockets }) {
    this.url = url;
    this.control = new WebSocket(`${url}/group?name=${name}&role=control`);
    const members = [];
    for (let index = 0; index < sockets; index += 1) {
      const socket = new WebSocket(`${url}/group?name=${name}`);
      socket.onmessage = ({ data }) => socket.send(String(JSON.parse(data).id));
      members.push(socket);
    }
    await Promise.all([this.control, ...members].map((socket) => this.untilOpen(socket)));
  },

  async run(task) {
    const flooded = new WebSocket(`${this.url}/flood?kind=text&size=64`);
    let received = 0;
    flooded.onmessage = () => {
      received += 1;
    };
    await this.untilOpen(flooded);
    flooded.send("1000000000");
    const result = await new Promise((resolve) => {
      this.control.onmessage = ({ data }) => resolve(JSON.parse(data));
      this.control.send(JSON.stringify(task));
    });
    await new Promise((resolve) => {
      flooded.onclose = resolve;
      flooded.close();
    });
    return { ...result, messages: received };
  },

  untilOpen(socket) {
    return new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error("A socket failed"));
    });
  },
};

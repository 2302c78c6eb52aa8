"use strict";

(function () {
  var states = ["connecting", "open", "closing", "closed"];
  var socket = new (window.WebSocket || window.MozWebSocket)("ws://chat.example/", [
    "chat.v2",
    "chat.v1",
  ]);
  var step = 0;

  function log() {
    console.log(Array.prototype.slice.call(arguments).join(" "));
  }

  log("state:", states[socket.readyState]);

  socket.onopen = function (event) {
    log("connected with", this.protocol, event instanceof Event && event.target === socket);
  };

  socket.addEventListener("message", function (event) {
    if (typeof event.data === "string") {
      log("<<", event.data);
      step += 1;
      if (step === 1) socket.send("hello");
      if (step === 2) socket.send(new Blob([new Uint8Array([1, 2]), new Uint8Array([3, 4])]));
    } else if (event.data instanceof Blob) {
      event.data.arrayBuffer().then(function (buffer) {
        log("blob", event.data.size, "bytes:", new Uint8Array(buffer).join(" "));
        socket.binaryType = "arraybuffer";
        var view = new DataView(new ArrayBuffer(4));
        view.setUint32(0, 0xdeadbeef);
        socket.send(view);
      }, log);
    } else {
      log("buffer", event.data.byteLength, "bytes:", new Uint8Array(event.data).join(" "));
      socket.send("leave");
    }
  });

  socket.onerror = function () {
    log("error");
  };

  socket.onclose = function (event) {
    log("closed", event.code, event.reason, event.wasClean);
    log("state:", states[this.readyState]);
  };
})();

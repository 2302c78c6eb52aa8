import type { RawPeer } from "../../support/raw-server.ts";

/** Sends the same bytes again and again, as fast as the client takes them; settles when it is gone. */
export async function flood({ socket }: RawPeer, bytes: Buffer): Promise<void> {
  const wake: { up(): void } = {
    up() {
      // Replaced while the socket is full.
    },
  };
  socket.on("drain", () => wake.up());
  socket.on("close", () => wake.up());
  while (!socket.destroyed) {
    await new Promise<void>((resolve) => {
      wake.up = resolve;
      if (socket.write(bytes)) setImmediate(resolve);
    });
  }
}

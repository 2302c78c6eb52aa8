import { fileURLToPath } from "node:url";
import { startProcess } from "./process/child-process.js";

/** Starts the server of all workloads in a process of its own; adds its `url`. */
export async function startServer() {
  const file = fileURLToPath(new URL("server/main.js", import.meta.url));
  const server = startProcess(process.execPath, [file], { name: "server" });
  return { ...server, url: await server.ask("address") };
}

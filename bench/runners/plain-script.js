// Runs a script with plain ws as the command runs it in a sandbox.
import { readFile } from "node:fs/promises";
import { runInThisContext } from "node:vm";
import { WebSocket } from "ws";

globalThis.WebSocket = WebSocket;
runInThisContext(await readFile(process.argv[2], "utf8"));

// Node has WebAssembly as a value, its types for Node 20 do not: what the engine needs of it.
declare namespace WebAssembly {
  const compile: (bytes: Uint8Array) => Promise<WebAssembly.Module>;
  // A class cannot be merged into the interface that quickjs-emscripten's declarations refer to.
  const Memory: new (descriptor: { initial: number; maximum?: number }) => WebAssembly.Memory;
}

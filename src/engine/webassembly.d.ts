// Node has WebAssembly; the declarations of Node 20 lack it. This is what the engine needs of it.
declare namespace WebAssembly {
  type Imports = Record<string, Record<string, unknown>>;
  type Exports = Record<string, unknown>;
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
  interface Instance {
    readonly exports: Exports;
  }
  interface Table {
    readonly length: number;
    grow(delta: number): number;
    set(index: number, value: unknown): void;
  }
  // Constructors as constants: a class cannot be merged into the interfaces that other declarations refer to.
  const compile: (bytes: Uint8Array) => Promise<WebAssembly.Module>;
  const Memory: new (descriptor: { initial: number; maximum?: number }) => WebAssembly.Memory;
  const Module: new (bytes: Uint8Array) => WebAssembly.Module;
  const Instance: new (module: WebAssembly.Module, imports: Imports) => WebAssembly.Instance;
  const Table: abstract new (...input: never) => WebAssembly.Table;
}

declare module "netdevice:kit" {
  /**
   * What the parts import of the runtime, by module and name: they are bundled apart, and have to share its state. Written by
   * `tools/guest-bundle.ts`.
   */
  export function makeKit(): object;
}

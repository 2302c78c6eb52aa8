/** Source of the guest runtime: one expression whose value is `Install` of `boundary.ts`. Written by `tools/bundle.ts`. */
export declare const guestBundle: string;

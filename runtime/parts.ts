/**
 * Parts of the runtime that few scripts need. A part is evaluated when a script first touches one of its globals: until then it takes
 * neither time nor memory.
 */
import { makeKit } from "netdevice:kit";
import { type GuestPart, guestParts } from "../src/boundary.ts";
import type { Inspector } from "./console.ts";
import type { Fetching } from "./fetch-global.ts";
import { hostPart } from "./host.ts";
import { captureShapes } from "./interface-shapes.ts";
import { defineAttribute, defineValue } from "./interface.ts";
import { createList, defineProperty, getOwnPropertyDescriptor, ownKeys } from "./intrinsics.ts";
import type { MultibyteTools } from "./parts/multibyte.ts";
import type { Timeline } from "./performance.ts";
import type { RuntimeScope } from "./scope.ts";
import type { StreamTools } from "./stream-tools.ts";
import type { WorkerObjects } from "./worker-scope.ts";

/** What the bundle of a part evaluates to. */
type PartBundle = (kit: object, Object: unknown) => PartInstaller<GuestPart>;

/** Export `install` of a part: defines its interfaces on `target`, which is no global, and answers what the rest may ask of it. */
export type PartInstaller<Name extends GuestPart> = (
  scope: RuntimeScope,
  target: object,
) => PartExports[Name];

/** What the rest of the runtime may ask of each part. */
interface PartExports {
  readonly compression: void;
  readonly fetch: Fetching;
  readonly files: void;
  readonly inspect: Inspector;
  readonly messaging: void;
  readonly multibyte: MultibyteTools;
  readonly streams: StreamTools;
  readonly subtle: { readonly subtle: object };
  readonly timeline: Timeline;
  readonly url: UrlPart;
  readonly worker: WorkerObjects;
}

/** Export of the part `url`. */
export interface UrlPart {
  /** The query that an `URLSearchParams` stands for; `undefined` for anything else. */
  queryOf(value: object): string | undefined;
}

interface LoadedPart {
  readonly exports: unknown;
  readonly target: object;
}

/** Stands for `Object` in the bundles of parts: the helpers of the bundler use it, and by then a script may have changed the other one. */
const safeObject: object = copyOfObject();

let scope: RuntimeScope;
let kit: object | undefined;
const loaded = createList<LoadedPart>();

/** Takes what the parts need of the runtime. */
export function connectParts(given: RuntimeScope): void {
  scope = given;
}

/** Exports of a part, which is evaluated the first time. Throws when there is no memory or time for it, and may then be asked again. */
export function loadPart<Name extends GuestPart>(name: Name): PartExports[Name] {
  return load(name).exports as PartExports[Name];
}

/** Exports of a part that has been evaluated; without it, no object of its interfaces exists. */
export function loadedPart<Name extends GuestPart>(name: Name): PartExports[Name] | undefined {
  return loaded[indexOfPart(name)]?.exports as PartExports[Name] | undefined;
}

/**
 * Defines globals of a part. Each is an accessor until it is first read: then it becomes the data property that Web IDL describes.
 */
export function defineLazy(global: object, part: GuestPart, names: readonly string[]): void {
  for (const name of names) {
    const settle = (value: unknown): void => {
      defineValue(global, name, value);
    };
    const accessors = {
      get(): unknown {
        const { value } = getOwnPropertyDescriptor(load(part).target, name) ?? {};
        // A script may hold on to the getter after it has put something else in the place of the global.
        if (getOwnPropertyDescriptor(global, name)?.get === accessors.get) settle(value);
        return value;
      },
      set: settle,
    };
    defineAttribute(global, name, accessors.get, accessors.set);
    defineProperty(global, name, { __proto__: null, enumerable: false } as PropertyDescriptor);
  }
}

function load(name: GuestPart): LoadedPart {
  const index = indexOfPart(name);
  let part = loaded[index];
  if (part === undefined) {
    kit ??= makeKit();
    const install = (hostPart(index) as PartBundle)(kit, safeObject);
    const target = { __proto__: null };
    part = { exports: install(scope, target), target };
    captureShapes(target);
    loaded[index] = part;
  }
  return part;
}

function indexOfPart(name: GuestPart): number {
  let index = 0;
  while (guestParts[index] !== name) index++;
  return index;
}

function copyOfObject(): object {
  const ObjectOf = Object;
  const copy = (value: unknown): unknown => ObjectOf(value);
  for (const key of ownKeys(ObjectOf)) {
    const descriptor = getOwnPropertyDescriptor(ObjectOf, key);
    if (descriptor !== undefined) defineProperty(copy, key, descriptor);
  }
  return copy;
}

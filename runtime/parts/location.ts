import { defineInterface } from "../interface.ts";
import { TypeErrorOf } from "../intrinsics.ts";
import { requestUrl, type UrlParts } from "../url-service.ts";
import { illegalInvocation } from "../webidl.ts";

/** What a sandbox without a base URL is at. */
const nowhere = "about:blank";

/** Makes the constructor legal. */
let made: UrlParts | undefined;
let read: (location: unknown) => UrlParts;

/** @see https://html.spec.whatwg.org/multipage/workers.html#worker-locations */
class WorkerLocation {
  readonly #parts: UrlParts;

  constructor() {
    if (made === undefined) throw new TypeErrorOf("Illegal constructor");
    this.#parts = made;
  }

  get href(): string {
    return read(this)[0];
  }

  get origin(): string {
    return read(this)[1];
  }

  get protocol(): string {
    return read(this)[2];
  }

  get host(): string {
    return read(this)[5];
  }

  get hostname(): string {
    return read(this)[6];
  }

  get port(): string {
    return read(this)[7];
  }

  get pathname(): string {
    return read(this)[8];
  }

  get search(): string {
    return read(this)[9];
  }

  get hash(): string {
    return read(this)[10];
  }

  toString(): string {
    return read(this)[0];
  }

  static {
    read = (location) => {
      if (typeof location !== "object" || location === null || !(#parts in location)) {
        illegalInvocation();
      }
      return location.#parts;
    };
  }
}

/** Defines `WorkerLocation`. */
export function defineLocation(target: object): void {
  defineInterface(target, WorkerLocation, { name: "WorkerLocation" });
}

/** Makes the one `location`, at the base URL. */
export function createLocation(baseUrl: string): object {
  const at = baseUrl === "" ? nowhere : baseUrl;
  made = requestUrl(["parse", at]) as UrlParts;
  const location = new WorkerLocation();
  made = undefined;
  return location;
}

/** Its origin. */
export function locationOrigin(location: object): string {
  return read(location)[1];
}

import { RecordingError } from "./recording-error.ts";

/** A value of an archive that knows where it stands, so that every complaint names the place. */
export class HarReader {
  readonly value: unknown;
  /** For people, for example `log.entries[3].request`. */
  readonly path: string;

  constructor(value: unknown, path: string) {
    this.value = value;
    this.path = path;
  }

  /** A property; its value is `undefined` where this is no object. */
  at(name: string): HarReader {
    const value = this.isObject()
      ? Object.getOwnPropertyDescriptor(this.value, name)?.value
      : undefined;
    return new HarReader(value, this.path === "" ? name : `${this.path}.${name}`);
  }

  /** Whether there is something: exporters write `null` or nothing for what they do not know. */
  get isPresent(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  /** @throws {RecordingError} for anything that is no list; nothing counts as an empty one */
  list(): readonly HarReader[] {
    if (!this.isPresent) return [];
    if (!Array.isArray(this.value)) throw this.expected("a list");
    return this.value.map((item: unknown, index) => new HarReader(item, `${this.path}[${index}]`));
  }

  /** @throws {RecordingError} for anything but a string; nothing counts as `fallback`, if there is one */
  text(fallback?: string): string {
    if (typeof this.value === "string") return this.value;
    if (fallback !== undefined && !this.isPresent) return fallback;
    throw this.expected("a string");
  }

  /** @throws {RecordingError} for anything but a finite number; nothing counts as `fallback` */
  number(fallback: number): number {
    if (typeof this.value === "number" && Number.isFinite(this.value)) return this.value;
    if (!this.isPresent) return fallback;
    throw this.expected("a number");
  }

  /** Milliseconds since 1970 of a date, or `undefined` for what is none. */
  date(): number | undefined {
    const time = typeof this.value === "string" ? Date.parse(this.value) : Number.NaN;
    return Number.isNaN(time) ? undefined : time;
  }

  /** Value of the first header of a name, in a list of pairs. */
  header(name: string): string | undefined {
    const pair = this.list().find(
      (item) => item.at("name").text("").toLowerCase() === name.toLowerCase(),
    );
    return pair?.at("value").text("");
  }

  isObject(): boolean {
    return typeof this.value === "object" && this.value !== null && !Array.isArray(this.value);
  }

  expected(what: string): RecordingError {
    return new RecordingError(
      "ERR_HAR_SHAPE",
      `Expected ${what} at ${this.path} of the HTTP Archive, got ${describe(this.value)}`,
    );
  }
}

/** A value in a few words. */
export function describe(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  }
  if (Array.isArray(value)) return "a list";
  if (value === undefined) return "nothing";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

import type { Har, HarEntry } from "./har-format.ts";

/**
 * An archive as JSON, piece by piece: one message to a line, so that two recordings can be compared by lines, and no text is longer
 * than what an engine can hold.
 */
export function* harLines(har: Har): Generator<string, void> {
  const { entries, ...log } = har.log;
  yield `{"log":{${inside(log)},"entries":[`;
  for (const [index, entry] of entries.entries()) {
    yield index === 0 ? "\n" : ",\n";
    yield* entryLines(entry);
  }
  yield "\n]}}\n";
}

function* entryLines(entry: HarEntry): Generator<string, void> {
  const { _webSocketMessages: messages, ...rest } = entry;
  if (messages === undefined || messages.length === 0) {
    yield JSON.stringify(entry);
    return;
  }
  yield `{${inside(rest)},"_webSocketMessages":[`;
  for (const [index, message] of messages.entries()) {
    yield `${index === 0 ? "\n" : ",\n"}  ${JSON.stringify(message)}`;
  }
  yield "\n]}";
}

/** An object's JSON without its braces. */
function inside(value: object): string {
  return JSON.stringify(value).slice(1, -1);
}

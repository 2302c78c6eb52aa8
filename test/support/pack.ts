import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Consumer, projectFolder } from "./consumer.ts";

/** Packs the project as `npm publish` would, into a folder of the consumer's, and returns the path of the tarball. */
export async function packProject(consumer: Consumer): Promise<string> {
  const destination = await consumer.write("packed/.keep", "");
  const folder = join(destination, "..");
  await consumer.mustRun("npm", "pack", projectFolder, "--pack-destination", folder);
  const name = (await readdir(folder)).find((file) => file.endsWith(".tgz"));
  if (name === undefined) throw new Error("npm pack wrote no tarball");
  return join(folder, name);
}

// Files that go out: none but those that the host lets the agent send.
import { realpath } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** A URL or the path of a file below one of the folders; throws for every other file. */
export async function allowedMedia(media: string, folders: readonly string[] | undefined): Promise<string> {
  if (/^https?:\/\//i.test(media)) return media;
  const file = media.startsWith("file:") ? fileURLToPath(media) : media;
  if (folders === undefined) return file;
  // A link in an allowed folder leads out of it as well as a path does.
  const real = await realpath(file).catch(() => path.resolve(file));
  for (const folder of folders) {
    const inside = path.relative(await realpath(folder).catch(() => path.resolve(folder)), real);
    if (inside !== "" && !inside.startsWith("..") && !path.isAbsolute(inside)) return file;
  }
  throw new Error("mediaUrl: this file lies outside the folders that the agent may send from");
}

/**
 * Writes the YAML files of this folder: `deno run --allow-write manifests/print.ts`.
 *
 * @module
 */
import { manifestFiles } from "./files.ts";

if (import.meta.main) {
  for (const [name, text] of Object.entries(manifestFiles())) {
    await Deno.writeTextFile(new URL(name, import.meta.url), text);
  }
}

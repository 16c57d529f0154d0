import { denoImage, type ImageSpec } from "@troupe/troupe/local";

/** The worker of troupe, which gives its tasks to a command. */
function commandImage(...args: string[]): ImageSpec {
  const permissions = ["--allow-net", "--allow-env", "--allow-read", "--allow-run"];
  return denoImage(new URL("../../worker/main.ts", import.meta.url), { permissions, args });
}

function path(file: string): string {
  return new URL(file, import.meta.url).pathname;
}

/** Where Python is: a pod need not have this machine's PATH. */
function python(): string | undefined {
  try {
    const args = ["-c", "import sys; print(sys.executable)"];
    const { success, stdout } = new Deno.Command("python3", { args }).outputSync();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch {
    return undefined; // there is none
  }
}

const python3 = python();
if (python3 === undefined) console.error("no python3 here: the shell finds the factors");

/** The images of a cluster on this machine: commands. */
export const images: Record<string, ImageSpec> = {
  "factor:1": python3 === undefined
    ? commandImage("--lines", "--", "sh", path("factor.sh"))
    : commandImage("--lines", "--", python3, path("factor.py")),
  "collatz:1": commandImage("--", "sh", path("collatz.sh")),
};

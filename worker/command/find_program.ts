import { StartError } from "./start_error.ts";

/** Anybody may execute the file: its owner, its group or others. */
const EXECUTABLE = 0o111;

/**
 * The path of a program: `name` if it has a slash, else the first executable file of that name in the
 * folders of `path`. It is looked for before it is run, so that the message can say what is wrong.
 *
 * @throws {StartError} if there is none, or none that can be executed
 */
export function findProgram(name: string, path = "/usr/local/bin:/usr/bin:/bin"): string {
  if (Deno.build.os === "windows") return name; // the system's own rules
  if (name === "") throw new StartError("Cannot start a program: its name is empty");
  const candidates = name.includes("/")
    ? [name]
    : path.split(":").map((folder) => `${folder || "."}/${name}`);
  let found: string | undefined;
  for (const candidate of candidates) {
    const problem = problemOf(candidate);
    if (problem === undefined) return candidate;
    found ||= problem;
  }
  const where = name.includes("/") ? "it is not there" : `it is in no folder of PATH, ${path}`;
  throw new StartError(`Cannot start "${name}": ${found || where}`);
}

/** Why a file cannot be executed: undefined if it can, and an empty text if it is not there. */
function problemOf(file: string): string | undefined {
  try {
    const { isFile, mode } = Deno.statSync(file);
    if (!isFile) return `"${file}" is no file`;
    return mode === null || mode & EXECUTABLE ? undefined : `"${file}" is not executable`;
  } catch (error) {
    // without the permission to look, the attempt to run it must tell
    if (error instanceof Deno.errors.NotCapable) return undefined;
    const { NotFound, NotADirectory } = Deno.errors;
    const absent = error instanceof NotFound || error instanceof NotADirectory;
    return absent ? "" : `"${file}": ${error}`;
  }
}

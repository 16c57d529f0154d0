/** The cluster's address or credentials cannot be used as they stand; the message is one line. */
export class ConfigError extends Error {
  /** Always `"ConfigError"`. */
  override readonly name = "ConfigError";
}

/** Says in a few words why a file could not be read or a program not started. */
export function causeText(
  error: unknown,
  grant: { flag: "read" | "env" | "run" | "net"; value: string },
): string {
  if (error instanceof Deno.errors.NotFound) return "not found";
  if (error instanceof Deno.errors.NotCapable) {
    // A library may want another permission than the one that is obvious.
    const variable = /env access to "([^"]+)"/.exec(error.message)?.[1];
    if (variable !== undefined) {
      return `Deno may not read variable "${variable}", start with --allow-env=${variable}`;
    }
    return `Deno may not ${VERBS[grant.flag]} it, start with --allow-${grant.flag}=${grant.value}`;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return "permission denied by the operating system";
  }
  return firstLine(error);
}

/** The first line of an error's message. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0]!.trim();
}

const VERBS = { read: "read", env: "read", run: "run", net: "connect to" } as const;

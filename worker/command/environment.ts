/** What proves who a worker is: no business of the program that it runs. */
const SECRETS: ReadonlySet<string> = new Set(["TROUPE_KEYS", "TROUPE_TLS_KEY"]);

/**
 * The environment of a program: the worker's own, without its keys. This keeps them out of logs and core
 * dumps of the program; one that runs as the same user can find them if it wants to.
 */
export function programEnvironment(own: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(own).filter(([name]) => !SECRETS.has(name)));
}

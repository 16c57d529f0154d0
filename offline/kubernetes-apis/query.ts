/** Query strings of requests. */

export type QueryValue = string | number | boolean | null | undefined;

/** The values that are set, booleans as 1 and 0, in the order given. */
export function formatQuery(
  opts: Readonly<Record<string, unknown>>,
  names: readonly string[],
  start?: [string, string][],
): URLSearchParams {
  const query = new URLSearchParams(start);
  for (const name of names) {
    const value = opts[name];
    if (value == null) continue;
    query.append(name, typeof value === "boolean" ? (value ? "1" : "0") : String(value));
  }
  return query;
}

/**
 * The indexes of an indexed Job as its status writes them: `0,2-5,7`.
 *
 * @module
 */

/** The indexes that a text names, below `limit`; what is no index is left out. */
export function parseIndexes(text: string | undefined, limit: number): Set<number> {
  const indexes = new Set<number>();
  for (const part of (text ?? "").split(",")) {
    const bounds = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!bounds) continue;
    const first = Number(bounds[1]);
    const last = Math.min(Number(bounds[2] ?? first), limit - 1);
    for (let index = first; index <= last; index++) indexes.add(index);
  }
  return indexes;
}

/** The text of a set of indexes, its runs shortened; two in a row are still two. */
export function formatIndexes(indexes: ReadonlySet<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const runs: string[] = [];
  for (let i = 0; i < sorted.length;) {
    const first = sorted[i]!;
    let last = first;
    while (sorted[++i] === last + 1) last++;
    runs.push(last === first ? `${first}` : `${first}${last === first + 1 ? "," : "-"}${last}`);
  }
  return runs.join(",");
}

const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

const TEXT = /^(\d+d)?(\d+h)?(\d+m(?!s))?(\d+s)?(\d+ms)?$/;

/** Reads an interval such as `"10m"`, `"1h30m"` or `"500ms"`, in milliseconds; `NaN` if it is none. */
export function parseInterval(text: string): number {
  if (text === "" || !TEXT.test(text)) return NaN;
  let ms = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[dhms])/g)) {
    ms += Number(count) * UNITS.find(([name]) => name === unit)![1];
  }
  return ms;
}

/** Milliseconds as text that `parseInterval` reads; equal intervals have equal texts. */
export function intervalText(ms: number): string {
  let rest = ms;
  let text = "";
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

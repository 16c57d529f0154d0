const CLOCK_MONOTONIC = 1;

const libc = Deno.dlopen("libc.so.6", {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
});
const time = new BigInt64Array(2);

/**
 * Milliseconds of the machine's monotonic clock, which all its processes share. `performance.now()` and
 * `process.hrtime()` count from the beginning of each process; Linux only.
 */
export function machineNow(): number {
  libc.symbols.clock_gettime(CLOCK_MONOTONIC, time);
  return Number(time[0]!) * 1e3 + Number(time[1]!) / 1e6;
}

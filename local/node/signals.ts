/** Signal numbers, for exit codes: 128 + n. */

/** Numbers that Linux and macOS share. */
const NUMBERS: Record<string, number> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
};

/** Numbers that differ between systems. */
const BY_SYSTEM: Record<string, Record<string, number>> = {
  linux: { SIGBUS: 7, SIGUSR1: 10, SIGUSR2: 12, SIGXCPU: 24, SIGXFSZ: 25, SIGSYS: 31 },
  darwin: { SIGBUS: 10, SIGUSR1: 30, SIGUSR2: 31, SIGXCPU: 24, SIGXFSZ: 25, SIGSYS: 12 },
};

/** The number of a signal; 0 for one without a known number. */
export function signalNumber(name: string): number {
  return NUMBERS[name] ?? BY_SYSTEM[Deno.build.os]?.[name] ?? 0;
}

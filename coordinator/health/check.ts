/** The outcome of one check. */
export interface Check {
  /** What was checked, such as `event-loop`. */
  readonly name: string;
  /** Why it failed; absent if it did not. */
  readonly failure?: string;
}

/** What a health server asks. */
export interface HealthChecks {
  /** Whether the process does its work, so that killing it would not help. */
  live(): Iterable<Check>;
  /** Whether it knows all that it needs for its work. */
  ready(): Iterable<Check>;
}

/** Options of {@linkcode checkReport}. */
export interface CheckReportOptions {
  /** What the checks are for: `livez` or `readyz`. */
  name: string;
  /** Whether to list also what did not fail. */
  verbose: boolean;
}

/** Checks as text. */
export interface CheckReport {
  /** Whether none failed. */
  readonly ok: boolean;
  /** `ok`, or a line for each check that failed, or for each one, as Kubernetes' components do. */
  readonly text: string;
}

/** Tells the outcome of checks. */
export function checkReport(checks: Iterable<Check>, options: CheckReportOptions): CheckReport {
  const { name, verbose } = options;
  const all = [...checks];
  const failed = all.filter(({ failure }) => failure !== undefined);
  const ok = failed.length === 0;
  if (ok && !verbose) return { ok, text: "ok\n" };
  const lines = (verbose ? all : failed).map(line);
  if (verbose) lines.push(`${name} check ${ok ? "passed" : "failed"}`);
  return { ok, text: lines.join("\n") + "\n" };
}

function line({ name, failure }: Check): string {
  if (failure === undefined) return `[+]${name} ok`;
  return `[-]${name} failed: ${failure.replaceAll(/\s*\n\s*/g, " ")}`;
}

import { z } from "zod";

const index = z.int().min(0);

/** A task of a batch that was set aside. */
export interface BatchFailure {
  /** The number of its input, from 0 on. */
  index: number;
  /** Name of the error, and its message, shortened. */
  error: string;
}

/** What is kept of a batch in the cluster. */
export interface BatchRecord {
  /** Tells this run of the batch from others under its name. */
  id: string;
  /** Tells these inputs from others, if anything does. */
  fingerprint?: string;
  /** Whether there is anything left to do. */
  state: "running" | "done" | "canceled";
  /** What is done, failures included: ranges `[from, to)`. */
  done: [from: number, to: number][];
  /** What was set aside. */
  failures: BatchFailure[];
}

/** The schema of {@linkcode BatchRecord}. */
export const batchRecord: z.ZodType<BatchRecord> = z.object({
  id: z.string(),
  fingerprint: z.string().optional(),
  state: z.enum(["running", "done", "canceled"]),
  done: z.array(z.tuple([index, index])),
  failures: z.array(z.object({ index, error: z.string() })),
});

/** Longest text of a failure, in characters, so that a record stays small. */
const MAX_ERROR = 200;

/** A failure as it is kept. */
export function failureOf(index: number, { name, message }: Error): BatchFailure {
  const text = `${name}: ${message}`;
  return { index, error: text.length > MAX_ERROR ? `${text.slice(0, MAX_ERROR)}…` : text };
}

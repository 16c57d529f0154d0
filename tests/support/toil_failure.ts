import { PoisonError, type TaskResult } from "../../messaging/mod.ts";
import { type Strike, strikeOf } from "./toil_record.ts";

/** One of the workers that were lost with a task. */
export interface StoryLine {
  readonly pod: string;
  readonly how: string;
  /** Milliseconds since 1970. */
  readonly began: number;
  readonly ended: number;
}

/** What a result says of why it is none, so that it can be printed. */
export function failureOf(result: TaskResult<unknown>): { error?: string; story?: StoryLine[] } {
  if (result.ok) return {};
  const { error } = result;
  const text = `${error.name}: ${error.message}`;
  if (!(error instanceof PoisonError)) return { error: text };
  const story = error.story.map(({ worker, how, began, ended }) => ({
    pod: worker.name,
    how,
    began: began.getTime(),
    ended: ended.getTime(),
  }));
  return { error: text, story };
}

/** Why a failure is none that faults have caused: only poison is, whose workers were all struck. */
export function falseFailure(
  { error, story }: { error?: string; story?: readonly StoryLine[] },
  strikes: readonly Strike[],
): string | undefined {
  if (error === undefined) return undefined;
  if (story === undefined) return error;
  const unstruck = story.filter((attempt) => strikeOf(attempt, strikes) === undefined);
  return unstruck.length === 0 ? undefined : `${error}: ${JSON.stringify(unstruck)}`;
}

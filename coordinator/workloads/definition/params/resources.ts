import { z } from "zod";
import { billionths } from "../../../../kube/mod.ts";
import { isQualifiedName } from "./names.ts";

/** An amount as Kubernetes writes it, such as `"100m"`, `"1.5Gi"`, or a number without unit. */
export type Amount = string | number;

/** What a worker is given of a node. */
export interface ResourcesParams {
  /** CPUs that are kept for it: `0.1` and `"100m"` are a tenth of one. @default "50m" */
  cpu?: Amount;
  /** Memory that is kept for it, such as `"64Mi"`, or a number of bytes. @default "64Mi" */
  memory?: Amount;
  /**
   * What it gets at most, by resource: over `cpu` it is slowed down, over `memory` it is killed.
   * Other names, such as `ephemeral-storage` or `example.com/gpu`, stand for other resources.
   * @default no limits
   */
  limits?: Record<string, Amount>;
}

const MILLI = 10n ** 6n;
const ONE = 10n ** 9n;
/** What a JavaScript number holds exactly. */
const MOST = 2n ** 53n;

/** A schema for an amount in whole multiples of `step`, in billionths. */
function amount(step: bigint, allowed: string): z.ZodType<Amount> {
  return z.custom<Amount>((input) => {
    if (typeof input !== "string" && typeof input !== "number") return false;
    if (/[eE][-+\d]/.test(String(input))) return false; // no exponents: a server keeps them
    const size = billionths(String(input));
    return size !== undefined && size > 0n && size % step === 0n && size < ONE * MOST;
  }, allowed);
}

/** A schema for an amount of CPU. */
const cpu = amount(MILLI, 'an amount of CPU, such as 0.1 or "100m", in whole thousandths');

/** A schema for an amount of bytes. */
export const bytes: z.ZodType<Amount> = amount(
  ONE,
  'an amount of bytes, such as "64Mi", in whole bytes',
);

const limits = z.record(z.string(), z.unknown()).superRefine((map, context) => {
  for (const [name, given] of Object.entries(map)) {
    const schema = name === "cpu" ? cpu : bytes;
    if (isQualifiedName(name) && schema.safeParse(given).success) continue;
    const message = `an amount, such as "500m" of CPU or "64Mi" of memory, by resource`;
    context.addIssue({ code: "custom", path: [name], message });
  }
}).describe("an object of amounts by resource") as unknown as z.ZodType<Record<string, Amount>>;

/** A schema for resources. */
export const resources: z.ZodType<ResourcesParams> = z.strictObject({
  cpu: cpu.optional(),
  memory: bytes.optional(),
  limits: limits.optional(),
}).describe("{ cpu?, memory?, limits? }");

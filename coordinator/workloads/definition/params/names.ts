import { z } from "zod";
import { DNS_NAME } from "../../../../runtime/mod.ts";
import { LABELS } from "../../../labels.ts";

/** Names of labels and annotations that troupe alone writes. */
const RESERVED_KEYS: readonly string[] = Object.values(LABELS);
const RESERVED_PREFIX = "troupe.dev/";

const FREE_KEYS = `no name being ${
  RESERVED_KEYS.slice(0, 2).join(", ")
} or under ${RESERVED_PREFIX}`;

const NAME_PART = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** Whether it can be the key of a label, with or without a prefix. */
export function isQualifiedName(key: string): boolean {
  const parts = key.split("/");
  const name = parts.pop()!;
  if (parts.length > 1 || !NAME_PART.test(name)) return false;
  return parts.length === 0 || (parts[0]!.length <= 253 && DNS_NAME.test(parts[0]!));
}

/** Whether it can be the value of a label. */
export function isLabelValue(value: string): boolean {
  return value === "" || NAME_PART.test(value);
}

/** A map of texts whose keys and values are checked. */
export function textMap(allowed: string, options: {
  isKey: (key: string) => boolean;
  isValue?: (value: string) => boolean;
}): z.ZodType<Record<string, string>> {
  const { isKey, isValue = () => true } = options;
  return z.record(z.string(), z.string()).superRefine((map, context) => {
    for (const [key, value] of Object.entries(map)) {
      if (isKey(key) && isValue(value)) continue;
      const params = { given: value };
      context.addIssue({ code: "custom", path: [key], message: allowed, params });
    }
  }).describe(allowed);
}

function isFree(key: string): boolean {
  return isQualifiedName(key) && !key.startsWith(RESERVED_PREFIX) && !RESERVED_KEYS.includes(key);
}

/** A schema for a user's own labels. */
export const ownLabels: z.ZodType<Record<string, string>> = textMap(
  `an object of label values (at most 63 letters, digits, "-", "_", "."), ${FREE_KEYS}`,
  { isKey: isFree, isValue: isLabelValue },
);

/** A schema for a user's own annotations. */
export const ownAnnotations: z.ZodType<Record<string, string>> = textMap(
  `an object of strings, ${FREE_KEYS}`,
  { isKey: isFree },
);

/** A schema for labels of somebody else. */
export const anyLabels: z.ZodType<Record<string, string>> = textMap(
  'an object of label values (at most 63 letters, digits, "-", "_", ".")',
  { isKey: isQualifiedName, isValue: isLabelValue },
);

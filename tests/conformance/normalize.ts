/** Takes out of answers what differs from run to run, and what the older real server lacks. */

/** Fields that Kubernetes has added since the version of the recorded server. */
const NEWER_FIELDS = [
  "internalTrafficPolicy",
  "ipFamilies",
  "ipFamilyPolicy",
  "clusterIPs",
  "observedGeneration",
  "podIPs",
  "persistentVolumeClaimRetentionPolicy",
];
/** Fields that newer servers set where older ones had none. */
const NEWER_ZEROS = ["availableReplicas", "maxSurge"];
const NEWER_LABELS = ["kubernetes.io/metadata.name"];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const UID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** An answer with the changing parts replaced by their names. */
export function normalize(value: unknown, secrets: ReadonlyMap<string, string>): unknown {
  const one = (item: unknown) => normalize(item, secrets);
  if (Array.isArray(value)) return sorted(value.map(one));
  if (typeof value === "string") return normalizeText(value, secrets);
  if (typeof value !== "object" || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    // Newer servers leave out what older ones tell as null.
    if (field === null) continue;
    if (key === "managedFields" || key === "selfLink" || NEWER_FIELDS.includes(key)) continue;
    if (NEWER_LABELS.includes(key) || (NEWER_ZEROS.includes(key) && field === 0)) continue;
    if (key === "generation" && isPod(value)) continue;
    if (key === "resourceVersion" && field) result[key] = "<version>";
    else if (key === "continue" && field) result[key] = "<continue>";
    else if (key === "clusterIP" && field && field !== "None") result[key] = "<address>";
    else if (key === "token" && field) result[key] = "<token>";
    else {
      const normal = one(field);
      if (key === "labels" && Object.keys(normal as object).length === 0) continue;
      result[key] = normal;
    }
  }
  return result;
}

/** Lists from the older server's cache have no order; causes may be told twice. */
function sorted(list: unknown[]): unknown[] {
  if (!list.every((item) => typeof item === "object" && item !== null)) return list;
  if (list.some((item) => (item as Record<string, unknown>).reason)) {
    return [...new Map(list.map((item) => [JSON.stringify(item), item])).values()];
  }
  if (!list.every((item) => "metadata" in (item as object) || isAdded(item))) return list;
  return list.toSorted((a, b) => nameOf(a) < nameOf(b) ? -1 : 1);
}

function nameOf(item: unknown): string {
  const { metadata, object } = item as { metadata?: { name?: string }; object?: unknown };
  return metadata?.name ?? (object ? nameOf(object) : "");
}

function isAdded(item: unknown): boolean {
  return (item as { type?: string }).type === "ADDED";
}

/** Pods count generations only since 1.33; their metadata stands beside a pod's label here. */
function isPod(metadata: object): boolean {
  const { labels } = metadata as { labels?: Record<string, string> };
  return labels?.["conformance/kind"] === "pod";
}

function normalizeText(text: string, secrets: ReadonlyMap<string, string>): string {
  if (TIME.test(text)) return "<time>";
  let result = text.replace(UID, "<uid>");
  for (const [secret, name] of secrets) result = result.replaceAll(secret, `<${name}>`);
  return result;
}

/** What a corpus is to be. */
export interface CorpusOptions {
  /** The same seed makes the same texts. */
  seed: number;
  /** Number of texts. */
  texts: number;
  /** Words of each text. */
  words: number;
}

const SYLLABLES = [
  "ba",
  "do",
  "fi",
  "ga",
  "ku",
  "le",
  "mo",
  "na",
  "po",
  "ri",
  "su",
  "ta",
  "ve",
  "zo",
];

/** Random numbers from 0 to 1, always the same ones for a seed. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // a linear congruence
    return state / 2 ** 32;
  };
}

/** The word of that rank: the frequent ones are short, as in any language. */
function wordOf(rank: number): string {
  const { length } = SYLLABLES;
  return (rank < length ? "" : wordOf(Math.floor(rank / length) - 1)) + SYLLABLES[rank % length];
}

/** Writes texts into a new folder, in which a few words are frequent and many are rare; its path. */
export async function writeCorpus({ seed, texts, words }: CorpusOptions): Promise<string> {
  const random = seeded(seed);
  const folder = await Deno.makeTempDir({ prefix: "corpus-" });
  for (let i = 0; i < texts; i++) {
    // ranks whose logarithm is evenly spread: the word of rank n comes 1/n as often as the first one
    const text = Array.from({ length: words }, () => wordOf(Math.floor(5_000 ** random()) - 1));
    await Deno.writeTextFile(`${folder}/${i}.txt`, `${text.join(" ")}.\n`);
  }
  return folder;
}

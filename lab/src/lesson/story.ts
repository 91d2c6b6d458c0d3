import type { FigureAnswer } from '../model/api';
import { valuesByKey, vectorOf } from '../model/values';

/** The numbers of one head's story as its figure shows them. */
export interface Story {
  /** The keys that are shown and may be seen, in the order of the text. */
  keys: number[];
  /** False if there are more that may be seen. */
  isWhole: boolean;
  raw: (key: number) => number;
  scaled: (key: number) => number;
  weight: (key: number) => number;
  keyVector: (key: number) => number[];
  value: (key: number) => number[];
  /** How long the whole vectors are, of which strips show the first numbers. */
  valueLength: (key: number) => number;
  weightedLength: (key: number) => number;
  embedding: number[];
  query: number[];
  sum: number[];
  change: number[];
}

/** Reads it; undefined while the figure shows another head or token. */
export function storyOf(answer: FigureAnswer | undefined, layer: number, head: number, query: number): Story | undefined {
  const values = valuesByKey(answer);
  const at = `L${layer}.H${head}`;
  const keys: number[] = [];
  for (const key of values.keys()) {
    const found = key.match(/^L\d+\.H\d+\.q\d+\.k(\d+)$/);
    if (found && key.startsWith(`${at}.q${query}.`) && Number(found[1]) <= query) keys.push(Number(found[1]));
  }
  if (keys.length === 0) return undefined;
  const number = (key: string) => values.get(key)?.value ?? NaN;
  return {
    keys: keys.sort((a, b) => a - b),
    isWhole: keys.length === query + 1,
    raw: (k) => number(`${at}.q${query}.k${k}.raw`),
    scaled: (k) => number(`${at}.q${query}.k${k}.scaled`),
    weight: (k) => number(`${at}.q${query}.k${k}`),
    keyVector: (k) => vectorOf(values, `${at}.k${k}.key`),
    value: (k) => vectorOf(values, `${at}.k${k}.value`),
    valueLength: (k) => number(`${at}.k${k}.value.length`),
    weightedLength: (k) => number(`${at}.q${query}.k${k}.weighted.length`),
    embedding: vectorOf(values, `L${layer}.p${query}.E`),
    query: vectorOf(values, `${at}.q${query}.query`),
    sum: vectorOf(values, `${at}.q${query}.sum`),
    change: vectorOf(values, `${at}.q${query}.change`),
  };
}

import type { FigureAnswer } from '../model/api';
import { valuesByKey, vectorOf } from '../model/values';
import type { here } from './here.svelte';

/** The numbers of one head's story as its figure shows them. */
export interface Story {
  /** The keys that are shown, in the order of the text: also later ones, which meet the query before the mask hides them. */
  keys: number[];
  /** Those of them that may be seen: what softmax and the sum are made of. */
  seen: number[];
  /** False if the text has more keys than are shown. */
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
export function storyOf(answer: FigureAnswer | undefined, { layer, head, query, count }: typeof here): Story | undefined {
  const values = valuesByKey(answer);
  const at = `L${layer}.H${head}`;
  const keys: number[] = [];
  for (const key of values.keys()) {
    const found = key.match(/^L\d+\.H\d+\.q\d+\.k(\d+)$/);
    if (found && key.startsWith(`${at}.q${query}.`)) keys.push(Number(found[1]));
  }
  if (keys.length === 0) return undefined;
  const number = (key: string) => values.get(key)?.value ?? NaN;
  keys.sort((a, b) => a - b);
  return {
    keys,
    seen: keys.filter((k) => k <= query),
    isWhole: keys.length >= count,
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

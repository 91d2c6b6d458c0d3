import type { FigureAnswer } from './api';
import { valuesOf, type FigureValue } from './export';

/** The values of a figure's steps by their keys; of a key that several steps show, the last one's. */
export function valuesByKey(answer: FigureAnswer | undefined): Map<string, FigureValue> {
  const values = new Map<string, FigureValue>();
  for (const step of answer?.steps ?? []) for (const value of valuesOf(step)) values.set(value.key, value);
  return values;
}

/** The numbers of a strip: those under a key and 0, 1, … in brackets. */
export function vectorOf(values: Map<string, FigureValue>, key: string): number[] {
  const vector: number[] = [];
  for (let i = 0; ; i++) {
    const value = values.get(`${key}[${i}]`)?.value;
    if (value === undefined || value === null) return vector;
    vector.push(value);
  }
}

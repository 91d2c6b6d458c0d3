import type { Figure } from '../model/api';
import type { Key } from '../model/keys';
import { visit } from '../model/visit.svelte';

/** What every analysis is asked about: the text and its changes. */
export const subject = {
  get text() {
    return { text: visit.place.text, model: visit.place.model, edits: visit.place.edits };
  },
};

/** One of an answer's figures; −1 is the last. */
export const only = (step: number) => (steps: Figure[]) => steps.slice(step).slice(0, 1);

/** A head that was clicked opens in Look. */
export function lookAt({ layer, head }: Key): boolean {
  if (layer === undefined || head === undefined) return false;
  visit.go({ view: 'look', page: undefined, layer, head, key: undefined });
  return true;
}

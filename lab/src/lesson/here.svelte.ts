import { quoted } from '../model/numbers';
import type { ModelInfo } from '../model/api';
import { visit } from '../model/visit.svelte';
import { presenter } from './presenter.svelte';

/** Where the lesson looks: the visitor's text, and the head and token that are chosen. */
export const here = {
  get model(): ModelInfo {
    return visit.model!;
  },
  get layer(): number {
    return Math.min(visit.place.layer, this.model.layers - 1);
  },
  get head(): number {
    return Math.min(visit.place.head, this.heads - 1);
  },
  /** Heads of the layer. */
  get heads(): number {
    return this.model.heads[this.layer] ?? 1;
  },
  /** Keys and values of their own in the layer: fewer than heads where they share. */
  get keyValueHeads(): number {
    return this.model.architecture.keyValueHeads[this.layer] ?? this.heads;
  },
  /** Numbers in a query of the layer. */
  get headSize(): number {
    return this.model.headSizes[this.layer] ?? 1;
  },
  /** True if the layer turns queries and keys by their position. */
  get isTurned(): boolean {
    return this.model.architecture.isTurned[this.layer] ?? false;
  },
  /** True if vectors get a norm before the layer's queries, keys and values are made of them. */
  get isNormed(): boolean {
    return this.model.vectors.some((v) => v.name === 'ln1.hook_normalized');
  },
  /** True if queries and keys get a norm of their own. */
  get isQueryNormed(): boolean {
    return this.model.vectors.some((v) => v.name.startsWith('attn.q_norm.'));
  },
  /** Neurons of the layer's MLP. */
  get neurons(): number {
    return this.model.architecture.neurons[this.layer] ?? 0;
  },
  /** True if there is a text to look at: one that has tokens. */
  get hasText(): boolean {
    return visit.isReadable;
  },
  /** How many tokens the text has. */
  get count(): number {
    return visit.tokens.length;
  },
  /** The position of the token that looks: the one that was chosen, else the last. A presentation takes one in the middle, which has later ones to be masked. */
  get query(): number {
    const last = Math.max(0, this.count - 1);
    return Math.min(visit.place.query ?? (presenter.isOn ? Math.floor(last / 2) : last), last);
  },
  /** The same as it is asked for: −1 is the last, whatever was typed since the tokens came. */
  get asked(): number {
    return visit.place.query ?? (presenter.isOn ? this.query : -1);
  },
  /** What every question about the text asks. */
  get text() {
    return { text: visit.place.text, model: visit.place.model, edits: visit.place.edits };
  },
  /** The same about one layer. */
  get inLayer() {
    return { ...this.text, layer: this.layer };
  },
  /** The same about one head. */
  get inHead() {
    return { ...this.inLayer, head: this.head };
  },
  /** A token of the text between quotes; of several that look alike, with its place. */
  label(position: number): string {
    const token = visit.tokens[position];
    if (!token) return 'a token';
    const isAlone = visit.tokens.every((t, i) => i === position || t.label !== token.label);
    return isAlone ? quoted(token.label) : `${quoted(token.label)} at ${position}`;
  },
};

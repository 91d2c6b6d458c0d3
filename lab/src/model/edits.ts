import type { Token } from './api';
import { quoted } from './numbers';

/** Edits as text, the same that `heed --edit` takes, and the same in an address. */
export const withoutHead = (layer: number, head: number) => `zero:blocks.${layer}.attn.hook_z:head=${head}`;
export const withoutAttention = (layer: number) => `zero:blocks.${layer}.hook_attn_out`;
export const withoutMlp = (layer: number) => `zero:blocks.${layer}.hook_mlp_out`;
export const cut = (layer: number, head: number, query: number, key: number) => `knockout:${layer}.${head}:query=${query},key=${key}`;
export const weigh = (layer: number, head: number, query: number, key: number, to: number) => `weight:${layer}.${head}:query=${query},key=${key},to=${to}`;
export const steer = (layer: number, token: string, factor: number) => `add:blocks.${layer}.hook_resid_post:unembed=${token}:factor=${factor}`;
export const from = (part: Part, layer: number, head: number, position: number | undefined, text: string) =>
  `replace:blocks.${layer}.${parts[part].name}${part === 'head' ? `:head=${head}` : ''}${position === undefined ? '' : `:positions=${position}`}:text=${text}`;

/** What another sentence can lend. */
export const parts = {
  stream: { name: 'hook_resid_post', words: (layer: string | number) => `the stream after layer ${layer}` },
  head: { name: 'attn.hook_z', words: (layer: string | number, head: string | number) => `what head ${layer}.${head} takes` },
  attention: { name: 'hook_attn_out', words: (layer: string | number) => `what the attention of layer ${layer} adds` },
  mlp: { name: 'hook_mlp_out', words: (layer: string | number) => `what the MLP of layer ${layer} adds` },
} as const;
export type Part = keyof typeof parts;

/** The edits with one more. What it makes untrue goes: the same again, a cut of a cell that is given a weight, or its weight before, another sentence at the same place. */
export function added(edits: string[], edit: string): string[] {
  // What is added twice is added twice.
  if (edit.startsWith('add:')) return [...edits, edit];
  const place = placeOf(edit);
  return [...edits.filter((e) => placeOf(e) !== place), edit];
}

/** What an edit is about: of two with the same, the later one decides. */
function placeOf(edit: string): string {
  const cell = edit.match(cellForm);
  return cell ? `cell ${cell.slice(2, 6).join(' ')}` : edit.replace(/(^replace:.*?:text=).*$/s, '$1');
}

/** Edits that say the same of another text, and those that name tokens of this one or take a sentence's place. */
export function sorted(edits: string[]): { kept: string[]; lost: string[] } {
  const isOfTokens = (edit: string) => /[:,](query|key|positions)=|:text=|^pattern:/.test(edit);
  return { kept: edits.filter((e) => !isOfTokens(e)), lost: edits.filter(isOfTokens) };
}

/** What edits do, in words that name the tokens; an edit itself where it is of another kind. */
export function inWords(edits: string[], tokens: Token[]): string[] {
  return edits.map((edit, i) => {
    let m: RegExpMatchArray | null;
    if ((m = edit.match(/^zero:blocks\.(\d+)\.attn\.hook_z:head=(\d+)$/))) return `head ${m[1]}.${m[2]} is off`;
    if ((m = edit.match(/^zero:blocks\.(\d+)\.hook_attn_out$/))) return `the attention of layer ${m[1]} is off`;
    if ((m = edit.match(/^zero:blocks\.(\d+)\.hook_mlp_out$/))) return `the MLP of layer ${m[1]} is off`;
    if ((m = edit.match(cellForm))) {
      const [, kind, layer, head, query, key, to] = m;
      const [from, at] = [nameOf(Number(query), tokens), nameOf(Number(key), tokens)];
      if (kind === 'knockout') return `in head ${layer}.${head}, ${from} does not see ${at}`;
      // A weight that is given later in the same row takes from those before it.
      const isShared = edits.slice(i + 1).some((e) => e.startsWith(`weight:${layer}.${head}:query=${query},`));
      return `in head ${layer}.${head}, ${from} gives ${at} the weight ${to}${isShared ? ', then shares the rest with the others' : ''}`;
    }
    if ((m = edit.match(/^add:blocks\.(\d+)\.hook_resid_post:unembed= ?(.+):factor=(.+)$/))) return `${m[3]} × the direction of ${quoted(m[2]!)} is added after layer ${m[1]}`;
    if ((m = edit.match(/^replace:blocks\.(\d+)\.([^:]+)(?::head=(\d+))?(?::positions=(\d+))?:text=(.*)$/s))) {
      const part = Object.values(parts).find((p) => p.name === m![2]);
      if (part) return `${part.words(m[1]!, m[3]!)}, at ${m[4] === undefined ? 'every token' : nameOf(Number(m[4]), tokens)}, is that of ${quoted(m[5]!)}`;
    }
    return edit;
  });
}

/** A token by its word. */
export const nameOf = (position: number, tokens: Token[]) => (tokens[position] ? quoted(tokens[position].label) : `token ${position}`);

const cellForm = /^(knockout|weight):(\d+)\.(\d+):query=(\d+),key=(\d+)(?:,to=(.+))?$/;

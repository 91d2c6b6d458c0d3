/** Edits as text, the same that `heed --edit` takes, and the same in an address. */
export const withoutHead = (layer: number, head: number) => `zero:blocks.${layer}.attn.hook_z:head=${head}`;
export const withoutAttention = (layer: number) => `zero:blocks.${layer}.hook_attn_out`;
export const withoutMlp = (layer: number) => `zero:blocks.${layer}.hook_mlp_out`;
export const cut = (layer: number, head: number, query: number, key: number) => `knockout:${layer}.${head}:query=${query},key=${key}`;
export const weigh = (layer: number, head: number, query: number, key: number, to: number) => `weight:${layer}.${head}:query=${query},key=${key},to=${to}`;
export const steer = (layer: number, word: string, factor: number) => `add:blocks.${layer}.hook_resid_post:unembed= ${word.trim()}:factor=${factor}`;
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

/** The edits with a weight given to a cell: that of an earlier edit of the same cell is replaced. */
export function weighed(edits: string[], layer: number, head: number, query: number, key: number, to: number): string[] {
  const [edit, same] = [weigh(layer, head, query, key, to), weigh(layer, head, query, key, 0).slice(0, -1)];
  return edits.some((e) => e.startsWith(same)) ? edits.map((e) => (e.startsWith(same) ? edit : e)) : [...edits, edit];
}

/** A number of a field, brought into 0 … count − 1. */
export const within = (value: number, count: number) => (Number.isFinite(value) ? Math.max(0, Math.min(count - 1, Math.trunc(value))) : 0);

/** What an edit does, in words; the edit itself where it is of another kind. */
export function inWords(edit: string): string {
  let m: RegExpMatchArray | null;
  if ((m = edit.match(/^zero:blocks\.(\d+)\.attn\.hook_z:head=(\d+)$/))) return `head ${m[1]}.${m[2]} is off`;
  if ((m = edit.match(/^zero:blocks\.(\d+)\.hook_attn_out$/))) return `the attention of layer ${m[1]} is off`;
  if ((m = edit.match(/^zero:blocks\.(\d+)\.hook_mlp_out$/))) return `the MLP of layer ${m[1]} is off`;
  if ((m = edit.match(/^knockout:(\d+)\.(\d+):query=(\d+),key=(\d+)$/))) return `in head ${m[1]}.${m[2]}, token ${m[3]} does not see token ${m[4]}`;
  if ((m = edit.match(/^weight:(\d+)\.(\d+):query=(\d+),key=(\d+),to=(.+)$/))) return `in head ${m[1]}.${m[2]}, token ${m[3]} gives token ${m[4]} the weight ${m[5]}`;
  if ((m = edit.match(/^add:blocks\.(\d+)\.hook_resid_post:unembed= (.+):factor=(.+)$/))) return `${m[3]} × the direction of “${m[2]}” is added after layer ${m[1]}`;
  if ((m = edit.match(/^replace:blocks\.(\d+)\.([^:]+)(?::head=(\d+))?(?::positions=(\d+))?:text=(.*)$/s))) {
    const part = Object.values(parts).find((p) => p.name === m![2]);
    if (part) return `${part.words(m[1]!, m[3]!)}, at ${m[4] === undefined ? 'every token' : `token ${m[4]}`}, is that of “${m[5]}”`;
  }
  return edit;
}

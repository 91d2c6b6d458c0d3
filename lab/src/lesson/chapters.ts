import type { Component } from 'svelte';

/** A chapter of the lesson. */
export interface ChapterInfo {
  /** Its name in addresses. */
  id: string;
  title: string;
  /** How long it takes. */
  minutes: number;
  load: () => Promise<{ default: Component }>;
}

/** All chapters, in the order in which data flows. */
export const chapters: readonly ChapterInfo[] = [
  { id: 'next-word', title: 'The next word', minutes: 2, load: () => import('./NextWord.svelte') },
  { id: 'tokens', title: 'Tokens', minutes: 2, load: () => import('./Tokens.svelte') },
  { id: 'embeddings', title: 'Embeddings and directions', minutes: 4, load: () => import('./Embeddings.svelte') },
  { id: 'context', title: 'Why context matters', minutes: 3, load: () => import('./ContextMatters.svelte') },
  { id: 'queries-and-keys', title: 'Queries and keys', minutes: 3, load: () => import('./QueriesAndKeys.svelte') },
  { id: 'scores', title: 'Scores', minutes: 3, load: () => import('./Scores.svelte') },
  { id: 'softmax', title: 'Scale and softmax', minutes: 3, load: () => import('./ScaleAndSoftmax.svelte') },
  { id: 'masking', title: 'Masking', minutes: 2, load: () => import('./Masking.svelte') },
  { id: 'values', title: 'Values and ΔE', minutes: 4, load: () => import('./Values.svelte') },
  { id: 'low-rank', title: 'Value↓ and Value↑', minutes: 3, load: () => import('./LowRank.svelte') },
  { id: 'many-heads', title: 'Many heads', minutes: 3, load: () => import('./ManyHeads.svelte') },
  { id: 'output-matrix', title: 'The output matrix', minutes: 2, load: () => import('./OutputMatrix.svelte') },
  { id: 'mlp', title: 'The multi-layer perceptron', minutes: 3, load: () => import('./Mlp.svelte') },
  { id: 'layers', title: 'Many layers', minutes: 4, load: () => import('./ManyLayers.svelte') },
  { id: 'sampling', title: 'The last vector, and sampling', minutes: 4, load: () => import('./Sampling.svelte') },
  { id: 'training', title: 'Training at every position', minutes: 3, load: () => import('./Training.svelte') },
  { id: 'counting', title: 'Counting to 175 billion', minutes: 4, load: () => import('./Counting.svelte') },
  { id: 'scale', title: 'n², and what is done about it', minutes: 3, load: () => import('./Scale.svelte') },
  { id: 'cross-attention', title: 'Cross-attention', minutes: 2, load: () => import('./CrossAttention.svelte') },
  { id: 'parallel', title: 'Why it parallelises', minutes: 2, load: () => import('./Parallel.svelte') },
  { id: 'build', title: 'Build your own', minutes: 3, load: () => import('./BuildYourOwn.svelte') },
];

/** The chapter of an address; the first if there is none of that name. */
export function chapterOf(page: string | undefined): ChapterInfo {
  return chapters.find((c) => c.id === page) ?? chapters[0]!;
}

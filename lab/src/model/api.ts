/** What the server answers; see /api/openapi.json. */
export interface ModelInfo {
  id: string;
  name: string;
  layers: number;
  heads: number[];
  width: number;
  headSizes: number[];
  vocabulary: number;
  context: number;
  maxTokens: number;
  canChat: boolean;
  architecture: Architecture;
}

/** Which of the ways to build a transformer a model takes. */
export interface Architecture {
  keyValueHeads: number[];
  neurons: number[];
  isRotary: boolean;
  isRms: boolean;
  isGated: boolean;
  isTied: boolean;
  window?: number;
}

export interface Token {
  id: number;
  text: string;
  label: string;
}

export interface NextToken extends Token {
  rank: number;
  probability: number;
  logit: number;
}

export interface NextAnswer {
  tokens: NextToken[];
  found: number;
  vocabulary: number;
}

export interface LossAnswer {
  mean?: number | null;
  losses: number[];
}

export interface Figure {
  title: string;
  caption: string;
  foot: string;
  width: number;
  height: number;
  svg: string;
}

export interface FigureAnswer {
  steps: Figure[];
  command: string;
  code: string;
}

/** What may be asked about a text; see LabRequest on the server. */
export interface Question {
  text: string;
  model?: string;
  edits?: string[];
  layer?: number;
  head?: number;
  query?: number;
  key?: number;
  stage?: string;
  convention?: string;
  top?: number;
  search?: string;
  width?: number;
}

/** What the server says is wrong, in a sentence. */
export class Refusal extends Error {}

/** The server is not there; it may come back. */
export class Unreachable extends Refusal {}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return answer<T>(await send(path, { signal }));
}

export async function ask<T>(path: string, question: object, signal?: AbortSignal): Promise<T> {
  return answer<T>(await send(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(question), signal }));
}

async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    throw new Unreachable('The server does not answer. Start it again with “heed lab”; this page goes on where it was.');
  }
}

async function answer<T>(response: Response): Promise<T> {
  if (response.ok) return response.json();
  const problem = (await response.json().catch(() => null)) as { error?: string } | null;
  throw new Refusal(problem?.error ?? `The server answered ${response.status}.`);
}

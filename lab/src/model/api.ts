import { server } from './server.svelte';

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
  vectors: VectorInfo[];
}

/** An activation that has a vector of every token: its name within a layer, and in words if it is often looked at. */
export interface VectorInfo {
  name: string;
  words?: string;
  isPerHead: boolean;
}

/** Which of the ways to build a transformer a model takes. */
export interface Architecture {
  keyValueHeads: number[];
  neurons: number[];
  isRotary: boolean;
  /** Whether each layer rotates queries and keys. */
  isTurned: boolean[];
  /** Fixed numbers are added to queries, keys and values. */
  hasAttentionBias: boolean;
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
  /** With it the model ends its text. */
  isEnd: boolean;
}

export interface NextAnswer {
  tokens: NextToken[];
  found: number;
  vocabulary: number;
  after?: Continuation;
}

/** Tokens that follow a text, the text with them, and whether the tokenizer cuts that text into the same tokens. */
export interface Continuation {
  tokens: Token[];
  text: string;
  isSame: boolean;
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
  /** How much of the height title and caption take, and how much the foot. */
  headHeight: number;
  footHeight: number;
  svg: string;
}

export interface FigureAnswer {
  steps: Figure[];
  command: string;
  code: string;
  notes?: string[];
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
  /** The text is a prompt: it holds its special tokens itself. */
  isPrompt?: boolean;
  /** Tokens that follow the text, by their numbers. */
  after?: number[];
  /** A next token that is picked out. */
  token?: number;
  /** What stands beside it: the bars of both have one scale. */
  beside?: Question;
}

/** What the server says is wrong, in a sentence. */
export class Refusal extends Error {}

/** The server is not there; it may come back. The page says so, once. */
export class Unreachable extends Error {
  readonly back = server.lost();
}

/**
 * Asks, and asks again when the server could not be reached and is back; what it refuses is not asked again.
 * @param delay in milliseconds, before the first time.
 * @returns what stops it.
 */
export function persist<T>(run: (signal: AbortSignal) => Promise<T>, show: (answer: T) => void, fail: (error: Error) => void, delay = 0): () => void {
  const stop = new AbortController();
  let next = 0;
  if (delay > 0) next = window.setTimeout(attempt, delay);
  else attempt();
  return () => {
    stop.abort();
    clearTimeout(next);
  };

  function attempt() {
    run(stop.signal).then((answer) => stop.signal.aborted || show(answer), (error: Error) => {
      if (stop.signal.aborted) return;
      if (error instanceof Unreachable) void error.back.then(() => stop.signal.aborted || attempt());
      else fail(error);
    });
  }
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return answer<T>(await send(path, { signal }));
}

export async function ask<T>(path: string, question: object, signal?: AbortSignal): Promise<T> {
  return answer<T>(await post(path, question, signal));
}

/** Asks something long: tells how far it is, from 0 to 1, and gives the figure at the end. Aborting stops the server's work, too. */
export async function follow(path: string, question: object, report: (fraction: number) => void, signal: AbortSignal): Promise<FigureAnswer> {
  const response = await post(path, question, signal);
  if (!response.ok) return answer(response);
  for await (const { name, value } of events(response)) {
    if (name === 'progress') report(value as number);
    else if (name === 'figure') return value as FigureAnswer;
    else throw new Refusal((value as { error: string }).error);
  }
  throw new Unreachable('The server stopped before this was done.');
}

/** Asks for an answer that comes bit by bit. Aborting stops the server's work, too. */
export async function* stream(path: string, question: object, signal: AbortSignal): AsyncGenerator<{ name: string; value: unknown }> {
  const response = await post(path, question, signal);
  if (!response.ok) await answer(response);
  yield* events(response);
}

/** Server-sent events: a name and a value each. */
export async function* events(response: Response): AsyncGenerator<{ name: string; value: unknown }> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  try {
    while (true) {
      const { done, value } = await reader.read().catch((error) => {
        if (error.name === 'AbortError') throw error;
        throw new Unreachable('The server does not answer any more.');
      });
      if (done) return;
      text += value;
      for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
        const [name = '', data = ''] = text.slice(0, end).split('\n');
        yield { name: name.slice('event: '.length), value: JSON.parse(data.slice('data: '.length)) };
      }
    }
  } finally {
    // Whoever stops listening ends the server's work.
    reader.cancel().catch(() => {});
  }
}

function post(path: string, question: object, signal?: AbortSignal): Promise<Response> {
  return send(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(question), signal });
}

async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    throw new Unreachable('The server does not answer.');
  }
}

async function answer<T>(response: Response): Promise<T> {
  if (response.ok) return response.json();
  const problem = (await response.json().catch(() => null)) as { error?: string } | null;
  throw new Refusal(problem?.error ?? `The server answered ${response.status}.`);
}

import { persist, Refusal, stream, Unreachable } from './api';
import type { Turn } from './place';
import { visit } from './visit.svelte';

export interface ReplyToken {
  id: number;
  text: string;
  probability: number;
  alternatives: { id: number; label: string; probability: number }[];
  stop?: string;
}

/** What was said, and the reply: what the model had read before it, and its tokens. */
interface Exchange {
  said: string;
  prompt: string;
  reply: ReplyToken[];
}

/** Tokens of a reply at most. */
export const longest = 256;

/** The conversation with the model. Its words and tokens are in the address; what the model says of them is asked for again there. */
class Conversation {
  exchanges: Exchange[] = $state([]);
  trouble: string | undefined = $state();
  /** True while the conversation of an address is read. */
  isReading = $state(false);
  #stop: AbortController | undefined = $state.raw();

  get isBusy(): boolean {
    return this.#stop !== undefined;
  }

  /** What an address holds of it. What got no reply is not there. */
  get turns(): Turn[] {
    return this.exchanges.flatMap(({ said, reply }) => (reply.length > 0 ? [{ said, reply: reply.map((t) => t.id) }] : []));
  }

  /** Says something and follows the reply. */
  say(said: string, temperature: number): Promise<void> {
    this.exchanges.push({ said, prompt: '', reply: [] });
    return this.#follow([], temperature);
  }

  /** Another token in a reply's place, and what the model says after it. What was said later is taken back: Back brings it. */
  instead(at: number, token: number, id: number, temperature: number): Promise<void> {
    const { said, reply } = this.exchanges[at]!;
    visit.go({});
    this.exchanges = [...this.exchanges.slice(0, at), { said, prompt: '', reply: [] }];
    return this.#follow([...reply.slice(0, token).map((t) => t.id), id], temperature);
  }

  /** Reads the conversation of an address: the model goes through it again and says nothing new. Returns what ends it. */
  read(turns: Turn[]): () => void {
    this.stop();
    this.exchanges = [];
    this.trouble = undefined;
    this.isReading = true;
    const end = persist(
      async (signal) => {
        this.exchanges = [];
        for (const { said, reply } of turns) {
          this.exchanges.push({ said, prompt: '', reply: [] });
          await this.#hear(reply, reply.length, 0, signal);
        }
      },
      () => ([this.isReading, this.trouble] = [false, undefined]),
      (error) => this.#fail(error, error instanceof Unreachable),
    );
    return () => {
      end();
      this.isReading = false;
    };
  }

  /** Ends the reply; it stays as far as it got. */
  stop(): void {
    this.#stop?.abort();
  }

  /** The last one's reply, which begins with those tokens; the address follows. */
  async #follow(begin: number[], temperature: number): Promise<void> {
    const stop = (this.#stop = new AbortController());
    this.trouble = undefined;
    const { exchanges } = this;
    try {
      await this.#hear(begin, longest, temperature, stop.signal, () => visit.type({ talk: this.turns }));
    } catch (error) {
      if (exchanges === this.exchanges) this.#fail(stop.signal.aborted ? undefined : (error as Error), false);
    } finally {
      if (this.#stop === stop) this.#stop = undefined;
    }
  }

  /** What got no reply is the visitor's to say again. */
  #fail(error: Error | undefined, isReading: boolean) {
    this.trouble = error?.message;
    this.isReading = isReading;
    this.exchanges = this.exchanges.filter((e) => e.reply.length > 0);
  }

  async #hear(begin: number[], maxTokens: number, temperature: number, signal: AbortSignal, heard = () => {}): Promise<void> {
    const messages = this.exchanges.flatMap(({ said, reply }) => [
      { role: 'user', content: said },
      { role: 'assistant', content: reply.map((t) => t.text).join('') },
    ]).slice(0, -1);
    const exchange = this.exchanges.at(-1)!;
    const { model } = visit.place;
    for await (const { name, value } of stream('/api/chat', { messages, model, begin, maxTokens, temperature }, signal)) {
      signal.throwIfAborted();
      // Another model knows nothing of this.
      if (model !== visit.place.model) return;
      if (name === 'prompt') exchange.prompt = value as string;
      else if (name === 'token') {
        exchange.reply.push(value as ReplyToken);
        heard();
      } else throw new Refusal((value as { error: string }).error);
    }
  }
}

export const conversation = new Conversation();

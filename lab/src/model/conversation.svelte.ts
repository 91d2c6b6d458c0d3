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

/** Tokens of a reply at most, where the server allows as many. */
const longest = 256;

/** The conversation with a model. Its words and tokens are in the address; what the model says of them is asked for again there. */
class Conversation {
  exchanges: Exchange[] = $state([]);
  trouble: string | undefined = $state();
  /** True while the conversation of an address is read. */
  isReading = $state(false);
  #model: string | undefined;
  #stop: AbortController | undefined = $state.raw();

  get isBusy(): boolean {
    return this.#stop !== undefined;
  }

  /** What an address holds of it: no reply that has not begun, and no character that is not complete. */
  get turns(): Turn[] {
    return this.exchanges.flatMap(({ said, reply }) => {
      const end = reply.findLastIndex((t) => t.text !== '' || t.stop);
      return end < 0 ? [] : [{ said, reply: reply.slice(0, end + 1).map((t) => t.id) }];
    });
  }

  /** True if this is the conversation of an address: the same words, with the same model. */
  holds(model: string | undefined, talk: string): boolean {
    return model === this.#model && talk === JSON.stringify(this.turns);
  }

  /** Says something and follows the reply; false if there was none, and nothing was said. */
  say(said: string, temperature: number): Promise<boolean> {
    return this.#follow([...this.exchanges, { said, prompt: '', reply: [] }], [], temperature, () => visit.follow({ talk: this.turns }));
  }

  /** Another token in a reply's place, and what the model says after it. What was said later is taken back: the browser's Back brings it. */
  instead(at: number, token: number, id: number, temperature: number): Promise<boolean> {
    const { said, reply } = this.exchanges[at]!;
    const begin = [...reply.slice(0, token).map((t) => t.id), id];
    let isNew = true;
    return this.#follow([...this.exchanges.slice(0, at), { said, prompt: '', reply: [] }], begin, temperature, () => {
      // Nothing is taken back before there is something else.
      if (isNew) visit.go({ talk: this.turns });
      else visit.follow({ talk: this.turns });
      isNew = false;
    });
  }

  /** The last reply goes on from where it was stopped. */
  goOn(temperature: number): Promise<boolean> {
    const { said, reply } = this.exchanges.at(-1)!;
    return this.#follow([...this.exchanges.slice(0, -1), { said, prompt: '', reply: [] }], reply.map((t) => t.id), temperature, () => visit.follow({ talk: this.turns }));
  }

  /** Reads the conversation of an address: the model goes through it again and says nothing new. Returns what ends it. */
  read(model: string | undefined, turns: Turn[]): () => void {
    this.stop();
    this.exchanges = [];
    this.trouble = undefined;
    this.isReading = true;
    this.#model = model;
    const end = persist(
      async (signal) => {
        this.exchanges = [];
        for (const { said, reply } of turns) {
          signal.throwIfAborted();
          this.exchanges.push({ said, prompt: '', reply: [] });
          await this.#hear({ begin: reply, maxTokens: reply.length }, signal);
        }
      },
      () => ([this.isReading, this.trouble] = [false, undefined]),
      (error) => {
        [this.isReading, this.trouble] = [false, error.message];
        this.exchanges = this.exchanges.filter((e) => e.reply.length > 0);
      },
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

  /** How a reply ended: by itself, at its greatest length, or because it was stopped. */
  endOf(reply: ReplyToken[]): 'itself' | 'length' | 'stop' {
    return reply.at(-1)?.stop === 'EndToken' ? 'itself' : reply.length >= longest ? 'length' : 'stop';
  }

  /** The last one's reply, which begins with those tokens. If there is none, all is as it was: what was said is the visitor's to say again. */
  async #follow(exchanges: Exchange[], begin: number[], temperature: number, heard: () => void): Promise<boolean> {
    const stop = (this.#stop = new AbortController());
    const before = this.exchanges;
    this.trouble = undefined;
    this.exchanges = exchanges;
    const now = this.exchanges;
    let isHeard = false;
    try {
      await this.#hear({ begin, temperature }, stop.signal, () => {
        isHeard = true;
        heard();
      });
    } catch (error) {
      if (now !== this.exchanges) return isHeard;
      if (!stop.signal.aborted && !(error instanceof Unreachable)) this.trouble = (error as Error).message;
      if (!isHeard) this.exchanges = before;
    } finally {
      if (this.#stop === stop) this.#stop = undefined;
    }
    return isHeard;
  }

  async #hear(how: { begin: number[]; maxTokens?: number; temperature?: number }, signal: AbortSignal, heard = () => {}): Promise<void> {
    const exchange = this.exchanges.at(-1)!;
    const messages = this.exchanges.flatMap(({ said, reply }) => [
      { role: 'user', content: said },
      { role: 'assistant', content: reply.map((t) => t.text).join('') },
    ]).slice(0, -1);
    for await (const { name, value } of stream('/api/chat', { messages, model: this.#model, ...how }, signal)) {
      signal.throwIfAborted();
      if (name === 'prompt') exchange.prompt = value as string;
      else if (name === 'token') {
        exchange.reply.push(value as ReplyToken);
        // What is known is not news, but for its last: the one that was chosen.
        if (exchange.reply.length >= how.begin.length) heard();
      } else throw new Refusal((value as { error: string }).error);
    }
  }
}

export const conversation = new Conversation();

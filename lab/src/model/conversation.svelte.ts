import { Refusal, stream } from './api';

export interface ReplyToken {
  id: number;
  text: string;
  probability: number;
  alternatives: { id: number; label: string; probability: number }[];
  stop?: string;
}

export interface Message {
  role: 'user' | 'assistant';
  content: string;
  /** Of a reply: its tokens, and what the model had read before them. */
  tokens: ReplyToken[];
  prompt: string;
}

/** A conversation with the model. It lasts as long as the page: nothing of it is kept elsewhere. */
class Conversation {
  messages: Message[] = $state([]);
  trouble: string | undefined = $state();
  #stop: AbortController | undefined = $state();

  get isBusy(): boolean {
    return this.#stop !== undefined;
  }

  /** Says something and follows the reply. */
  async say(text: string, model: string | undefined, temperature: number): Promise<void> {
    const stop = (this.#stop = new AbortController());
    this.trouble = undefined;
    this.messages.push({ role: 'user', content: text, tokens: [], prompt: '' });
    const said = this.messages.map(({ role, content }) => ({ role, content }));
    this.messages.push({ role: 'assistant', content: '', tokens: [], prompt: '' });
    const reply = this.messages.at(-1)!;
    try {
      for await (const { name, value } of stream('/api/chat', { messages: said, model, temperature }, stop.signal)) {
        if (name === 'prompt') reply.prompt = value as string;
        else if (name === 'token') {
          reply.tokens.push(value as ReplyToken);
          reply.content += (value as ReplyToken).text;
        } else throw new Refusal((value as { error: string }).error);
      }
    } catch (error) {
      if (!stop.signal.aborted) this.trouble = (error as Error).message;
      // Nothing was said: the question is the visitor's to ask again.
      if (reply.tokens.length === 0) this.messages.splice(-2);
    } finally {
      this.#stop = undefined;
    }
  }

  /** Ends the reply; it stays as far as it got. */
  stop(): void {
    this.#stop?.abort();
  }

  forget(): void {
    this.stop();
    this.messages = [];
    this.trouble = undefined;
  }
}

export const conversation = new Conversation();

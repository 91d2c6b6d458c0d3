import { get, persist, type ModelInfo, type Token } from './api';
import { inWords, sorted } from './edits';
import type { Key } from './keys';
import { formatPlace, parsePlace, type Place } from './place';

/** The visit: where the visitor is, kept in the address, and the models that the server has. */
class Visit {
  place: Place = $state(parsePlace(new URL(location.href)));
  models: ModelInfo[] = $state([]);
  /** The tokens of the text, as the sentence box shows them. */
  tokens: Token[] = $state.raw([]);
  trouble: string | undefined = $state();
  /** Why the text cannot be read, once that was asked. */
  refusal: Error | undefined = $state.raw();
  /** Changes that went with the text they were made to, in words. */
  lost: string[] = $state.raw([]);

  #later = 0;
  /** What is set on each page that was left. */
  #settings = new Map<string, Record<string, string>>();

  constructor() {
    addEventListener('popstate', () => {
      clearTimeout(this.#later);
      this.#later = 0;
      this.lost = [];
      const place = parsePlace(new URL(location.href));
      // Only Chat's addresses hold the conversation; elsewhere it waits, as long as its model is there.
      this.place = place.view === 'chat' || place.model !== this.place.model ? place : { ...place, talk: this.place.talk };
    });
    addEventListener('pagehide', () => this.#write());
  }

  /** The model that is asked. */
  get model(): ModelInfo | undefined {
    return this.models.find((m) => m.id === this.place.model) ?? this.models[0];
  }

  /** False while no figure of the text can be drawn. */
  get isReadable(): boolean {
    return this.place.text !== '' && !this.refusal;
  }

  /** The address of the place where one is, as it is shared. */
  get address(): string {
    return new URL(formatPlace(this.place), location.href).href;
  }

  /** Goes somewhere: a step in the browser's history. */
  go(change: Partial<Place>): void {
    this.#write();
    this.#set(change);
    history.pushState(null, '', formatPlace(this.place));
  }

  /** Changes the place where one is: no step of its own. */
  change(change: Partial<Place>): void {
    this.#set(change);
    this.#write();
  }

  /** The same while somebody types: the address follows when the hand rests, since a browser has much to do about a new one. */
  type(change: Partial<Place>): void {
    this.#set(change);
    clearTimeout(this.#later);
    this.#later = window.setTimeout(() => this.#write(), 300);
  }

  /** The same while something goes on by itself, or a slider moves: the address follows a little later. */
  follow(change: Partial<Place>): void {
    this.#set(change);
    this.#later ||= window.setTimeout(() => this.#write(), 300);
  }

  /** Writes another text. Changes that name tokens of the old one go with it: a step, which Back takes back. */
  write(text: string): void {
    const change = { text, query: undefined, key: undefined };
    const { kept, lost } = sorted(this.place.edits);
    if (lost.length === 0) return this.type(change);
    const words = inWords(lost, this.tokens);
    this.go({ ...change, edits: kept });
    this.lost = words;
  }

  /** Goes to what was clicked: a cell's products, a token's story, a head's grid. False if it is none of them. */
  open({ layer, head, query, key }: Key): boolean {
    const change: Partial<Place> = {
      ...(layer !== undefined && head !== undefined ? { layer, head } : {}),
      ...(query !== undefined ? { query, key } : {}),
    };
    if (Object.keys(change).length === 0) return false;
    this.go(change);
    return true;
  }

  /** What is set on this page, or what it has by itself. */
  setting(name: string, own: string): string {
    return this.place.settings[name] ?? own;
  }

  /** The same as a number from one to another; what the address says wrongly is as the page has it. */
  number(name: string, own: number, least: number, most: number): number {
    const value = Number(this.setting(name, String(own)));
    return value >= least && value <= most ? value : own;
  }

  /** The same as a whole number. */
  whole(name: string, own: number, least: number, most: number): number {
    return Math.round(this.number(name, own, least, most));
  }

  /** Sets something on this page; nothing: as the page has it by itself. The address follows at once; of a slider that moves, now and then. */
  set(name: string, value: string | number | undefined): void {
    const { [name]: before, ...others } = this.place.settings;
    const now = value === '' ? undefined : value?.toString();
    if (now === before) return;
    const isMoving = this.#later !== 0;
    this.follow({ settings: now === undefined ? others : { ...others, [name]: now } });
    if (!isMoving) this.#replace();
  }

  /** True if a model has that head. */
  has(model: ModelInfo | undefined, layer: number, head: number): boolean {
    return model !== undefined && layer < model.layers && head < (model.heads[layer] ?? 0);
  }

  /** The head of the address, for a board that outlines it; nothing where a model has no such head. */
  outlined(model: ModelInfo | undefined) {
    const { layer, head } = this.place;
    return this.has(model, layer, head) ? { layer, head, isOutlined: true } : {};
  }

  load(): void {
    persist((signal) => get<ModelInfo[]>('/api/models', signal), (models) => {
      [this.models, this.trouble] = [models, undefined];
      // An address that names no head means one that this model has.
      if (!new URL(location.href).searchParams.has('head') && !this.has(this.model, this.place.layer, this.place.head)) this.change({ layer: 0, head: 0 });
    }, (error) => (this.trouble = error.message));
  }

  /** The address says where one is. */
  #write(): void {
    clearTimeout(this.#later);
    this.#later = 0;
    this.#replace();
  }

  #replace(): void {
    history.replaceState(null, '', formatPlace(this.place));
  }

  #set(change: Partial<Place>): void {
    const pageOf = ({ view, page }: Place) => `${view}/${page ?? ''}`;
    // What was set on a page stays there, and is found there again.
    const isElsewhere = ('view' in change && change.view !== this.place.view) || ('page' in change && change.page !== this.place.page);
    // What went on from another text does not go on from this one, and another model did not say what this one said.
    const isModel = 'model' in change && change.model !== this.place.model;
    const isOther = isModel || ('text' in change && change.text !== this.place.text);
    if ('edits' in change) this.lost = [];
    if (isElsewhere) this.#settings.set(pageOf(this.place), this.place.settings);
    const settings = isElsewhere ? { settings: this.#settings.get(pageOf({ ...this.place, ...change })) ?? {} } : {};
    this.place = { ...this.place, ...settings, ...(isOther ? { after: [] } : {}), ...(isModel ? { talk: [] } : {}), ...change };
  }
}

export const visit = new Visit();

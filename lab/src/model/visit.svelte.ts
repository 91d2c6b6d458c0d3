import { get, type ModelInfo } from './api';
import { formatPlace, parsePlace, type Place } from './place';

/** The visit: where the visitor is, kept in the address, and the models that the server has. */
class Visit {
  place: Place = $state(parsePlace(new URL(location.href)));
  models: ModelInfo[] = $state([]);
  trouble: string | undefined = $state();

  constructor() {
    addEventListener('popstate', () => (this.place = parsePlace(new URL(location.href))));
  }

  /** The model that is asked. */
  get model(): ModelInfo | undefined {
    return this.models.find((m) => m.id === this.place.model) ?? this.models[0];
  }

  /** Goes somewhere: a step in the browser's history. */
  go(change: Partial<Place>): void {
    this.#set(change, 'pushState');
  }

  /** Changes the place where one is, as by typing: no step of its own. */
  change(change: Partial<Place>): void {
    this.#set(change, 'replaceState');
  }

  async load(): Promise<void> {
    try {
      this.models = await get<ModelInfo[]>('/api/models');
      this.trouble = undefined;
    } catch (error) {
      this.trouble = (error as Error).message;
    }
  }

  #set(change: Partial<Place>, how: 'pushState' | 'replaceState'): void {
    this.place = { ...this.place, ...change };
    history[how](null, '', formatPlace(this.place));
  }
}

export const visit = new Visit();

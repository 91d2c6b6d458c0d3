import { tick } from 'svelte';

/** What a presentation shows alone on the screen, step by step: a figure. */
export interface Walk {
  readonly at: number;
  readonly last: number;
  show(step: number, isHeld: boolean): void;
}

/** The presentation: full screen, a step at a time. A chapter opens with its title; then come its figures, one after another. */
class Presenter {
  isOn = $state(false);
  /** The figure that is shown; undefined: the title. */
  current = $state.raw<Walk>();
  /** True where a chapter was entered from the one after it, and nothing was stepped since: it is shown from its end. */
  isFromEnd = false;
  #walks: { walk: Walk; place: Element }[] = [];

  /** A chapter begins. */
  open(isFromEnd: boolean) {
    this.current = undefined;
    this.isFromEnd = isFromEnd;
  }

  /** A figure takes part until it leaves, in the order of the page. */
  join(walk: Walk, place: Element): () => void {
    this.#walks.push({ walk, place });
    this.#walks.sort((a, b) => (a.place.compareDocumentPosition(b.place) & Node.DOCUMENT_POSITION_PRECEDING ? 1 : -1));
    // Once the chapter is built: nothing may change while it is.
    if (this.isFromEnd) void tick().then(() => this.isFromEnd && this.#enter(this.#walks.length - 1, -1));
    return () => {
      this.#walks = this.#walks.filter((w) => w.walk !== walk);
      if (this.current === walk) this.current = undefined;
    };
  }

  /** True if the figure itself has one more step in that direction. */
  hasStep(by: 1 | -1): boolean {
    const walk = this.current;
    return walk !== undefined && (by > 0 ? walk.at < walk.last : walk.at > 0);
  }

  /** One step forward (1) or back (−1); false if there is none in this chapter. */
  step(by: 1 | -1, isHeld: boolean): boolean {
    this.isFromEnd = false;
    const walk = this.current;
    if (walk && this.hasStep(by)) {
      walk.show(walk.at + by, isHeld);
      return true;
    }
    const to = this.#walks.findIndex((w) => w.walk === walk) + by;
    if (to < -1 || to >= this.#walks.length) return false;
    this.#enter(to, by);
    return true;
  }

  #enter(to: number, by: 1 | -1) {
    const walk = this.#walks[to]?.walk;
    // What is not there yet does not know how many steps it has.
    walk?.show(by > 0 ? 0 : Infinity, true);
    this.current = walk;
  }
}

export const presenter = new Presenter();

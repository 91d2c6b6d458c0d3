/** A figure of several steps that a presentation walks through. */
export interface Walk {
  readonly at: number;
  readonly last: number;
  show(step: number, isHeld: boolean): void;
}

/** The presentation: full screen, a step at a time. */
class Presenter {
  isOn = $state(false);
  /** True where a chapter was entered from the one after it: its figures begin at their last step. */
  isBackwards = false;
  #walks = new Set<Walk>();

  /** A figure that is on the page takes part until it leaves. */
  join(walk: Walk): () => void {
    this.#walks.add(walk);
    return () => this.#walks.delete(walk);
  }

  /** One step forward (1) or back (−1); false if there is none in this chapter. */
  step(by: 1 | -1, isHeld: boolean): boolean {
    const walks = [...this.#walks];
    const walk = by > 0 ? walks.find((w) => w.at < w.last) : walks.findLast((w) => w.at > 0);
    walk?.show(walk.at + by, isHeld);
    return walk !== undefined;
  }
}

export const presenter = new Presenter();

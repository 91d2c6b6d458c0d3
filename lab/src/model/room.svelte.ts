import { innerWidth } from 'svelte/reactivity/window';

const widest = 1360;
const narrow = 820;
const narrowest = 320;

/** A window that is being closed or made small has none. */
const windowWidth = () => Math.max(narrowest, innerWidth.current ?? widest);

/** How wide figures may be drawn: over the whole page, and in one of two columns. */
export const room = {
  get full(): number {
    const width = windowWidth();
    return Math.min(width, widest) - (width <= narrow ? 26 : 50);
  },
  /** One of two equal columns. */
  get half(): number {
    const width = windowWidth();
    return width <= narrow ? width - 26 : Math.floor((this.full - 24) / 2);
  },
  get column(): number {
    const width = windowWidth();
    return width <= narrow ? width - 26 : Math.floor((this.full - 24) * 0.512);
  },
  /** The other column, which is narrower. */
  get side(): number {
    const width = windowWidth();
    return width <= narrow ? width - 26 : Math.floor((this.full - 24) * 0.487);
  },
};

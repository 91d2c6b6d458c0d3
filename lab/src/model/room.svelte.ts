import { innerWidth } from 'svelte/reactivity/window';

const widest = 1360;
const narrow = 820;

/** How wide figures may be drawn: over the whole page, and in one of two columns. */
export const room = {
  get full(): number {
    const width = innerWidth.current ?? widest;
    return Math.min(width, widest) - (width <= narrow ? 26 : 50);
  },
  /** One of two equal columns. */
  get half(): number {
    const width = innerWidth.current ?? widest;
    return width <= narrow ? width - 26 : Math.floor((this.full - 24) / 2);
  },
  get column(): number {
    const width = innerWidth.current ?? widest;
    return width <= narrow ? width - 26 : Math.floor((this.full - 24) * 0.512);
  },
};

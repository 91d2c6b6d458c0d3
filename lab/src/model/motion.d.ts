/** Installed by FigureMotion.js, which the library's own pages use too. */
interface HeedFigures {
  prepare(root: ParentNode): void;
  listen(tooltip: HTMLElement): void;
  tween(from: SVGSVGElement, to: SVGSVGElement): void;
  /** The mark that is meant by a pointer's event, or null. */
  markAt(event: MouseEvent): SVGElement | null;
  calm: MediaQueryList;
}

declare const heedFigures: HeedFigures;

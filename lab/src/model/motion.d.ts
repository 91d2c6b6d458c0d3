/** Installed by FigureMotion.js, which the library's own pages use too. */
interface HeedFigures {
  prepare(root: ParentNode): void;
  listen(tooltip: HTMLElement): void;
  /** The way from one figure to another, both on the page: a function that shows how it is after a part of its time, 0 to 1; at 1 the second is as it was. */
  between(from: SVGSVGElement, to: SVGSVGElement): (t: number) => void;
  tween(from: SVGSVGElement, to: SVGSVGElement): void;
  /** What is said of a figure that is about to go. */
  leave(svg: SVGSVGElement): void;
  /** The mark that is meant by a pointer's event, or null. */
  markAt(event: MouseEvent): SVGElement | null;
  calm: MediaQueryList;
}

declare const heedFigures: HeedFigures;

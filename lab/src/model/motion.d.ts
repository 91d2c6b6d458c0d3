/** Installed by FigureMotion.js, which the library's own pages use too. */
interface HeedFigures {
  prepare(root: ParentNode): void;
  listen(tooltip: HTMLElement): void;
  tween(from: SVGSVGElement, to: SVGSVGElement): void;
  calm: MediaQueryList;
}

declare const heedFigures: HeedFigures;

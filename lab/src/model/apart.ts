/** Of a figure that scrolls sideways: what is to be in view, and the names at its left, which stay. All in the figure's own pixels. */
export interface Apart {
  start: number;
  end: number;
  /** Where the names end. */
  edge: number;
  /** A copy of them. */
  names: SVGSVGElement;
}

/**
 * Measures it, before anything moves.
 * @param marks what is to be in view.
 */
export function measure(svg: SVGSVGElement, marks: Element[]): Apart {
  const { left, width } = svg.getBoundingClientRect();
  // It may still be as small as its card: its own pixels are asked for.
  const scale = svg.viewBox.baseVal.width / width;
  const reach = (elements: Element[]) => {
    const boxes = elements.map((e) => e.getBoundingClientRect());
    return [Math.min(...boxes.map((b) => b.left)), Math.max(...boxes.map((b) => b.right))].map((x) => (x - left) * scale) as [number, number];
  };
  const shapes = [...svg.querySelectorAll('[data-key]')];
  const edge = shapes.length > 0 ? reach(shapes)[0] - 4 : 0;
  const [start, end] = marks.length > 0 ? reach(marks) : [0, 0];

  const names = svg.cloneNode(false) as SVGSVGElement;
  for (const name of ['role', 'aria-label', 'tabindex']) names.removeAttribute(name);
  names.setAttribute('viewBox', `0 0 ${edge} ${svg.viewBox.baseVal.height}`);
  names.setAttribute('width', String(edge));
  for (const text of svg.querySelectorAll('text')) {
    // Head and foot stand above and below.
    if (text.closest('.head, .foot') || reach([text])[1] > edge + 4) continue;
    const copy = text.cloneNode(true) as Element;
    copy.removeAttribute('data-text');
    names.append(copy);
  }
  return { start, end, edge, names };
}

/**
 * Tells whether an element is in view, without asking for a layout.
 * @param margin in pixels, by how much the view is taken to be larger.
 * @returns what is attached to the element.
 */
export function sight(report: (isSeen: boolean) => void, margin = 0): (node: Element) => () => void {
  return (node) => {
    const observer = new IntersectionObserver((entries) => report(entries.at(-1)!.isIntersecting), { rootMargin: `${margin}px` });
    observer.observe(node);
    return () => observer.disconnect();
  };
}

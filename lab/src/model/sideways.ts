/** An attachment: what scrolls sideways says so, by fading on the side where there is more of it. */
export function sideways(node: HTMLElement): () => void {
  const tell = () => {
    node.classList.toggle('more-left', node.scrollLeft > 4);
    node.classList.toggle('more-right', node.scrollWidth - node.clientWidth - node.scrollLeft > 4);
  };
  const [size, content] = [new ResizeObserver(tell), new MutationObserver(tell)];
  // Letters are wider or narrower once their font is there.
  document.fonts.addEventListener('loadingdone', tell);
  size.observe(node);
  content.observe(node, { childList: true });
  node.addEventListener('scroll', tell, { passive: true });
  return () => {
    size.disconnect();
    content.disconnect();
    document.fonts.removeEventListener('loadingdone', tell);
    node.removeEventListener('scroll', tell);
  };
}

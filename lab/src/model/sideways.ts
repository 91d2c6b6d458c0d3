/** An attachment: what scrolls sideways says so, by fading on the side where there is more of it. */
export function sideways(node: HTMLElement): () => void {
  const tell = () => {
    node.classList.toggle('more-left', node.scrollLeft > 4);
    node.classList.toggle('more-right', node.scrollWidth - node.clientWidth - node.scrollLeft > 4);
  };
  // Told with the frame's own layout: to ask for one whenever something has changed would cost one each time.
  const size = new ResizeObserver(tell);
  const look = () => [node, ...node.children].forEach((part) => size.observe(part));
  const content = new MutationObserver(look);
  look();
  content.observe(node, { childList: true });
  // Letters are wider or narrower once their font is there.
  document.fonts.addEventListener('loadingdone', tell);
  node.addEventListener('scroll', tell, { passive: true });
  return () => {
    size.disconnect();
    content.disconnect();
    document.fonts.removeEventListener('loadingdone', tell);
    node.removeEventListener('scroll', tell);
  };
}

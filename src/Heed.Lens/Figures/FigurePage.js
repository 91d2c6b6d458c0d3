"use strict";
// A page of figures: all of them answer, and sequences play.
(() => {
  const { prepare, listen, tween, calm } = heedFigures;
  prepare(document);
  listen(document.querySelector("[role=tooltip]"));

  // A sequence of figures: each mark moves from where its key was to where it is.
  const players = [...document.querySelectorAll(".player")].map((root) => {
    const steps = [...root.querySelectorAll(".step")];
    const [back, play, next] = root.querySelectorAll("button");
    const count = root.querySelector("output");
    let at = steps.length - 1, timer = 0;
    const stop = () => { clearInterval(timer); timer = 0; play.textContent = "▶ Play"; };
    function show(to, isHeld) {
      to = Math.max(0, Math.min(steps.length - 1, to));
      if (to === at) return stop();
      const from = steps[at];
      steps.forEach((step, i) => { step.classList.toggle("on", i === to); step.inert = i !== to; });
      if (!isHeld && !calm.matches) tween(from.querySelector("svg"), steps[to].querySelector("svg"));
      at = to;
      count.textContent = `${at + 1} of ${steps.length}`;
      back.disabled = at === 0;
      next.disabled = at === steps.length - 1;
    }
    function toggle() {
      if (timer) return stop();
      if (at === steps.length - 1) show(0, true);
      play.textContent = "❚❚ Pause";
      timer = setInterval(() => at === steps.length - 1 ? stop() : show(at + 1), 2800);
    }
    back.onclick = () => { stop(); show(at - 1); };
    next.onclick = () => { stop(); show(at + 1); };
    play.onclick = toggle;
    return { root, step: (by, isHeld) => { stop(); show(at + by, isHeld); }, toggle };
  });

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const player = players.find((p) => p.root.contains(event.target)) ?? players[0];
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (player && by) player.step(by, event.repeat);
    else if (player && event.key === " " && !event.target.matches("button")) player.toggle();
    else return;
    event.preventDefault();
  });
})();

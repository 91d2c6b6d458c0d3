"use strict";
// What answers and moves in Heed's figures, on any page. It knows nothing of what they show: marks have a data-key, titles say them in words.
globalThis.heedFigures = (() => {
  const marks = (root) => [...root.querySelectorAll("[data-key], [data-text]")];
  const keyOf = (mark) => mark.dataset.key ?? mark.dataset.text;
  const partsOf = (mark) => keyOf(mark).split(".");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let tip = null;

  // Titles become labels: the browser's own tooltip would stand over ours.
  function prepare(root) {
    for (const title of root.querySelectorAll("[data-key] > title, [data-text] > title")) {
      const mark = title.parentNode;
      mark.setAttribute("aria-label", title.textContent);
      mark.setAttribute("role", "img");
      title.remove();
    }
    for (const svg of root.matches?.("svg.heed") ? [root] : root.querySelectorAll("svg.heed")) {
      svg.setAttribute("role", "group");
      svg.setAttribute("tabindex", "0");
    }
  }

  // What is said of a mark; in a group of many values, of the shape that is pointed at.
  function wordsOf(mark, shape) {
    const words = mark.getAttribute("aria-label") ?? "";
    const values = mark.dataset.values?.split(" ");
    const i = values ? [...mark.querySelectorAll("path, rect")].indexOf(shape) : -1;
    return i >= 0 && i < values.length ? `${words}\n[${i}] ${values[i]}` : words;
  }

  function say(text, box) {
    tip.textContent = text;
    tip.hidden = !text;
    if (!text) return;
    const { width, height } = tip.getBoundingClientRect();
    const top = box.top - height - 8;
    tip.style.left = Math.max(4, Math.min(innerWidth - width - 4, (box.left + box.right - width) / 2)) + "px";
    tip.style.top = (top > 4 ? top : box.bottom + 8) + "px";
  }

  // A figure leaves the page: nothing is said of it any more.
  function leave(svg) {
    if (!lit || !svg.contains(lit)) return;
    light(null);
    say("");
  }

  // A mark lights up every mark whose key has all its parts, and those whose parts it has: a token lights its row and column.
  let lit = null;
  function light(mark) {
    if (mark === lit) return;
    lit = mark;
    const parts = mark && new Set(partsOf(mark));
    for (const svg of document.querySelectorAll("svg.heed, .heed-linked")) {
      const here = marks(svg);
      const on = parts ? here.filter((m) => {
        const own = partsOf(m);
        return own.every((p) => parts.has(p)) || [...parts].every((p) => own.includes(p));
      }) : [];
      const isOn = new Set(on);
      for (const m of here) m.classList.toggle("dim", on.length > 0 && !isOn.has(m));
    }
  }

  // Small dots are hard to hit: the nearest mark within 14 pixels is meant.
  function markAt(event) {
    const svg = event.target.closest?.("svg.heed");
    if (!svg) return null;
    const direct = event.target.closest("[data-key], [data-text]");
    // A number that stands on a mark is the mark.
    if (direct && !keyOf(direct).endsWith(".mask")) return direct.hasAttribute("aria-label") ? direct : svg.querySelector(`[data-key="${CSS.escape(keyOf(direct))}"]`) ?? direct;
    let best = direct, least = 14;
    for (const mark of svg.querySelectorAll("[data-value]")) {
      const b = mark.getBoundingClientRect();
      const far = Math.hypot(Math.max(b.left - event.clientX, 0, event.clientX - b.right), Math.max(b.top - event.clientY, 0, event.clientY - b.bottom));
      if (far < least) [best, least] = [mark, far];
    }
    return best;
  }

  // Enter goes into a figure, arrows from mark to mark, Escape out again.
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const centre = (e) => { const b = e.getBoundingClientRect(); return [(b.left + b.right) / 2, (b.top + b.bottom) / 2]; };
  function moveFocus(from, [dx, dy]) {
    const [x, y] = centre(from);
    let best = null, least = Infinity;
    for (const mark of from.ownerSVGElement.querySelectorAll("[data-key][aria-label]")) {
      const [a, b] = centre(mark);
      const along = (a - x) * dx + (b - y) * dy;
      const cost = along + 3 * Math.abs((a - x) * dy + (b - y) * dx);
      if (along > 0.5 && cost < least) [best, least] = [mark, cost];
    }
    focus(best);
  }
  function focus(mark) {
    mark?.setAttribute("tabindex", "-1");
    mark?.focus();
  }

  // The way from one figure to another: a function that shows how it is after a part of its time, from 0 to 1. Both are in the same units,
  // so that a mark's box in the one can be mapped onto its box in the other. All is read before anything is set, and what stays as it is is
  // left alone; boxes are read off attributes where these tell, so that no layout is made for them. Frames are set by hand: of hundreds of
  // the browser's own animations each would be a layer, and putting those together takes longer than a frame.
  function between(a, b) {
    const still = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 };
    const own = (m) => m.hasAttribute("transform") ? m.transform.baseVal.consolidate().matrix : still;
    const box = (m) => {
      const at = (name) => +(m.getAttribute(name) ?? 0);
      switch (m.tagName) {
        case "circle": return { x: at("cx") - at("r"), y: at("cy") - at("r"), width: 2 * at("r"), height: 2 * at("r") };
        case "rect": return { x: at("x"), y: at("y"), width: at("width"), height: at("height") };
        // A text keeps its size: only where it begins counts.
        case "text": return { x: at("x"), y: at("y"), width: 1, height: 1 };
        default: return m.getBBox();
      }
    };
    const place = (m) => {
      const b = box(m), t = own(m);
      return { x: t.a * b.x + t.c * b.y + t.e, y: t.b * b.x + t.d * b.y + t.f, w: Math.max(t.a * b.width, 0.01), h: Math.max(t.d * b.height, 0.01) };
    };
    const look = (m) => `${m.getAttribute("class")} ${m.getAttribute("fill-opacity")} ${m.getAttribute("stroke-opacity")}`;
    const shape = (m) => m.tagName === "path" ? m.getAttribute("d") : "";
    const letters = (m) => shape(m).replace(/[^a-z]/gi, "");
    const near = (p, q) => Math.abs(p.x - q.x) + Math.abs(p.y - q.y) + Math.abs(p.w - q.w) + Math.abs(p.h - q.h) < 0.2;
    const id = (m) => (m.dataset.key ? "k:" : "t:") + keyOf(m);
    const number = /-?\d*\.?\d+(?:e-?\d+)?/gi;
    // Two texts that are alike but for their numbers, such as two colours or two paths; of others, the second. Many marks share one way.
    const mixes = new Map();
    const mix = (from, to) => {
      const name = `${from} to ${to}`;
      if (!mixes.has(name)) mixes.set(name, mixed(from, to));
      return mixes.get(name);
    };
    const mixed = (from, to) => {
      const [p, q] = [from, to].map((text) => (text.match(number) ?? []).map(Number)), words = to.split(number);
      if (p.length !== q.length || from.split(number).join("#") !== words.join("#")) return () => to;
      let time = -1, text;
      return (t) => {
        if (t !== time) [time, text] = [t, q.reduce((sum, end, i) => sum + +(p[i] + (end - p[i]) * t).toFixed(3) + words[i + 1], words[0])];
        return text;
      };
    };
    const before = new Map(marks(a).map((m) => [id(m), m]));
    const gone = new Map(before);
    const styles = [], attributes = [], ghosts = [];
    // A shape fades by its fill and stroke: of each that has an opacity of its own, a browser makes a layer.
    const fade = (m, like, from, to) => {
      const style = getComputedStyle(like);
      for (const name of m.tagName === "g" || m.hasAttribute("opacity") ? ["opacity"] : ["fill-opacity", "stroke-opacity"]) {
        const whole = +style[name];
        styles.push([m, name, (t) => whole * (from + (to - from) * t)]);
      }
    };
    const change = (m, name, at) => attributes.push([m, name, at, m.getAttribute(name)]);
    const turn = (p, q) => (t) => `matrix(${["a", "b", "c", "d", "e", "f"].map((n) => (p[n] + (q[n] - p[n]) * t).toFixed(4))})`;
    for (const m of marks(b)) {
      const was = before.get(id(m)) ?? before.get("k:" + m.dataset.from);
      gone.delete(id(m));
      if (!was) {
        fade(m, m, 0, 1);
        continue;
      }
      if (look(m) !== look(was)) {
        const [p, q] = [getComputedStyle(was), getComputedStyle(m)];
        for (const name of ["fill", "stroke", "fill-opacity", "stroke-opacity"]) if (p[name] !== q[name]) styles.push([m, name, mix(p[name], q[name])]);
      }
      if (letters(m) && letters(m) === letters(was)) {
        if (shape(m) !== shape(was)) change(m, "d", mix(shape(was), shape(m)));
        continue;
      }
      const p = place(was), q = place(m), t = own(m), [kx, ky] = m.tagName === "text" ? [1, 1] : [p.w / q.w, p.h / q.h];
      const start = { a: kx * t.a, b: ky * t.b, c: kx * t.c, d: ky * t.d, e: p.x + kx * (t.e - q.x), f: p.y + ky * (t.f - q.y) };
      if (!near(p, q)) change(m, "transform", turn(start, t));
    }
    for (const m of gone.values()) {
      const ghost = m.cloneNode(true);
      delete ghost.dataset.key;
      delete ghost.dataset.text;
      fade(ghost, m, 1, 0);
      ghosts.push(ghost);
    }
    b.append(...ghosts);
    return (time) => {
      const t = time * time * (3 - 2 * time);
      if (t < 1) {
        for (const [m, name, at] of styles) m.style.setProperty(name, at(t));
        for (const [m, name, at] of attributes) m.setAttribute(name, at(t));
        return;
      }
      for (const [m, name] of styles) m.style.removeProperty(name);
      for (const [m, name, , to] of attributes) to === null ? m.removeAttribute(name) : m.setAttribute(name, to);
      for (const ghost of ghosts) ghost.remove();
    };
  }

  function tween(a, b) {
    const show = between(a, b);
    show(0);
    // The first frame lays out a new figure, which takes longer than those in which it moves: the time runs from the next one.
    requestAnimationFrame(() => requestAnimationFrame((start) => {
      const next = (now) => {
        const t = Math.min(1, (now - start) / 300);
        show(t);
        if (t < 1 && b.isConnected) requestAnimationFrame(next);
      };
      requestAnimationFrame(next);
    }));
  }

  // True if the key was meant for a figure or its marks.
  function onKey(event) {
    const mark = event.target.closest?.("[data-key]"), arrow = arrows[event.key];
    if (mark && arrow) moveFocus(mark, arrow);
    else if (mark && event.key === "Escape") mark.ownerSVGElement.focus();
    else if (mark && event.key === "Enter") mark.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    else if (event.key === "Enter" && event.target.matches?.("svg.heed")) focus(event.target.querySelector("[data-key][aria-label]"));
    else return false;
    return true;
  }

  // Lets all figures of the document answer to pointer and keyboard; what is pointed at is said in the element given.
  function listen(tooltip) {
    tip = tooltip;
    // A finger does not hover: it points where it comes down.
    for (const type of ["pointermove", "pointerdown"]) document.addEventListener(type, (event) => {
      // What is pulled is meant, not what it is pulled over.
      if (type === "pointermove" && event.buttons > 0) return;
      // What a page itself shows of the same things, such as tokens, is linked, too.
      const mark = event.target.closest?.(".heed-linked [data-key]") ?? markAt(event);
      light(mark);
      say(mark ? wordsOf(mark, event.target) : "", mark && (mark.contains(event.target) ? event.target : mark).getBoundingClientRect());
    });
    document.addEventListener("focusin", (event) => {
      const mark = event.target.closest?.("[data-key]");
      light(mark);
      say(mark ? wordsOf(mark) : "", mark?.getBoundingClientRect());
    });

    // A click opens: a page of its own may answer the event; else the figure that shows more of the same key is brought into view.
    document.addEventListener("click", (event) => {
      const mark = markAt(event), key = mark && keyOf(mark);
      if (!mark || !mark.dispatchEvent(new CustomEvent("heed-open", { bubbles: true, cancelable: true, detail: { key } }))) return;
      const more = [...document.querySelectorAll(`svg.heed [data-key^="${CSS.escape(key)}."]`)].find((m) => m.ownerSVGElement !== mark.ownerSVGElement);
      more?.closest(".card").scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block: "center" });
    });
    document.addEventListener("keydown", (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey && onKey(event)) event.preventDefault();
    });
  }

  return { prepare, listen, leave, between, tween, markAt, calm };
})();

// Curves that the reader zooms: drag across, wheel (with Ctrl, or once the chart has the focus),
// buttons, or the keys + - ← → 0 l. The y axis follows what is seen.
"use strict";

(() => {
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const HEIGHT = 220, LEFT = 58, RIGHT = 10, TOP = 10, BOTTOM = 34;
  const COLOURS = 8;

  const svg = (tag, attributes, text) => {
    const node = document.createElementNS(NAMESPACE, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const html = (tag, properties, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };

  const label = (value) => {
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size >= 1e5 || size < 1e-3) return value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
    return String(Number(value.toPrecision(6)));
  };

  // About `count` round numbers between two bounds.
  function ticks(low, high, count) {
    const raw = (high - low) / count;
    const unit = 10 ** Math.floor(Math.log10(raw));
    const step = unit * [1, 2, 5, 10].find((factor) => factor * unit >= raw);
    const found = [];
    for (let n = Math.ceil(low / step); n * step <= high + step * 1e-9 && found.length < 50; n++) found.push(n * step);
    return found;
  }

  // Powers of ten between the logarithms of two bounds; round numbers if there are too few.
  function logTicks(low, high) {
    const by = Math.max(Math.ceil((high - low) / 6), 1);
    const found = [];
    for (let power = Math.ceil(low / by) * by; power <= high; power += by) found.push(10 ** power);
    return found.length > 1 ? found : ticks(10 ** low, 10 ** high, 4).filter((value) => value > 0);
  }

  function equip(figure) {
    const data = JSON.parse(figure.querySelector("script").textContent);
    const plot = figure.querySelector(".plot");
    const xs = data.lines.flatMap((line) => line.x);
    let first = xs.reduce((a, b) => Math.min(a, b), Infinity), last = xs.reduce((a, b) => Math.max(a, b), -Infinity);
    if (first === last) { first -= 1; last += 1; }
    const view = { from: first, to: last, log: data.log };
    const hidden = new Set();
    let width = 0, scale = null, dragged = null;
    const positive = data.lines.some((line) => line.y.some((y) => y > 0));

    // Controls.
    const button = (text, name, act) => {
      const made = html("button", { type: "button", textContent: text, onclick: act });
      made.setAttribute("aria-label", `${name}: ${data.name}`);
      return made;
    };
    const log = html("input", { type: "checkbox", checked: view.log, disabled: !positive, onchange: () => { view.log = log.checked; draw(); } });
    const readout = html("span", { className: "readout" });
    const tools = html("div", { className: "tools" },
      button("+", "Zoom in", () => zoom(0.5)), button("−", "Zoom out", () => zoom(2)),
      button("Reset", "Reset", reset), html("label", {}, log, " log axis"), readout);
    plot.after(tools);
    plot.tabIndex = 0;
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-keyshortcuts", "+ - ArrowLeft ArrowRight 0 l");
    if (data.lines.length > 1) {
      const legend = html("div", { className: "tools legend" });
      data.lines.forEach((line, place) => {
        const swatch = html("span", { className: "swatch" });
        swatch.style.background = colour(place);
        const entry = html("button", { type: "button", onclick: () => {
          hidden.has(place) ? hidden.delete(place) : hidden.add(place);
          entry.setAttribute("aria-pressed", String(!hidden.has(place)));
          draw();
        } }, swatch, line.label);
        entry.setAttribute("aria-pressed", "true");
        legend.append(entry);
      });
      tools.after(legend);
    }

    function colour(place) { return `var(--c${place % COLOURS})`; }
    const usable = (y) => y !== null && (!view.log || y > 0);

    function zoom(factor, about = (view.from + view.to) / 2) {
      const least = (last - first) * 1e-6;
      const span = Math.min(Math.max((view.to - view.from) * factor, least), last - first);
      const share = (about - view.from) / (view.to - view.from);
      look(about - share * span, about + (1 - share) * span);
    }
    function pan(share) { const by = share * (view.to - view.from); look(view.from + by, view.to + by); }
    function look(from, to) {
      const span = Math.min(to - from, last - first);
      view.from = Math.min(Math.max(from, first), last - span);
      view.to = view.from + span;
      draw();
    }
    function reset() { view.from = first; view.to = last; draw(); }

    // The bounds of what is seen, a little apart from it; logarithms on a log axis.
    function bounds() {
      let low = Infinity, high = -Infinity;
      data.lines.forEach((line, place) => {
        if (hidden.has(place)) return;
        line.y.forEach((y, n) => {
          if (usable(y) && line.x[n] >= view.from && line.x[n] <= view.to) { low = Math.min(low, y); high = Math.max(high, y); }
        });
      });
      if (low > high) return [0, 1];
      if (view.log) { low = Math.log10(low); high = Math.log10(high); }
      const room = low === high ? (view.log ? 0.5 : Math.abs(low) * 0.1 || 1) : (high - low) * 0.05;
      return [low - room, high + room];
    }

    function path(line, toX, toY) {
      let drawn = "", pen = "M";
      line.x.forEach((x, n) => {
        const near = (line.x[n + 1] ?? x) >= view.from && (line.x[n - 1] ?? x) <= view.to;
        if (!near || !usable(line.y[n])) { pen = "M"; return; }
        drawn += `${pen}${toX(x).toFixed(1)} ${toY(line.y[n]).toFixed(1)}`;
        pen = "L";
      });
      return drawn;
    }

    function draw() {
      const right = width - RIGHT, bottom = HEIGHT - BOTTOM;
      const [low, high] = bounds();
      const toX = (x) => LEFT + ((x - view.from) / (view.to - view.from)) * (right - LEFT);
      const toY = (y) => bottom - (((view.log ? Math.log10(y) : y) - low) / (high - low)) * (bottom - TOP);
      scale = { toX, fromX: (pixel) => view.from + ((pixel - LEFT) / (right - LEFT)) * (view.to - view.from) };
      const root = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT });
      const clip = `clip-${charts.indexOf(figure)}`;
      const inside = svg("clipPath", { id: clip });
      inside.append(svg("rect", { x: LEFT - 4, y: TOP - 4, width: right - LEFT + 8, height: bottom - TOP + 8 }));
      root.append(inside);
      for (const y of view.log ? logTicks(low, high) : ticks(low, high, 4)) {
        root.append(svg("line", { class: "grid", x1: LEFT, x2: right, y1: toY(y), y2: toY(y) }));
        root.append(svg("text", { class: "y", x: LEFT - 6, y: toY(y) + 4, "text-anchor": "end" }, label(y)));
      }
      for (const x of ticks(view.from, view.to, Math.max(Math.floor((right - LEFT) / 80), 2))) {
        root.append(svg("line", { class: "grid", x1: toX(x), x2: toX(x), y1: bottom, y2: bottom + 4 }));
        root.append(svg("text", { class: "x", x: toX(x), y: bottom + 16, "text-anchor": "middle" }, label(x)));
      }
      root.append(svg("text", { x: (LEFT + right) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, "step"));
      const curves = svg("g", { "clip-path": `url(#${clip})` });
      data.lines.forEach((line, place) => {
        if (hidden.has(place)) return;
        if (line.dots) {
          line.x.forEach((x, n) => {
            if (usable(line.y[n])) curves.append(svg("circle", { cx: toX(x), cy: toY(line.y[n]), r: 3.2, style: `fill:${colour(place)}` }));
          });
        } else {
          const dash = place >= COLOURS ? "5 3" : "none";
          curves.append(svg("path", { class: "curve", d: path(line, toX, toY), style: `stroke:${colour(place)};stroke-dasharray:${dash}` }));
        }
        line.y.forEach((y, n) => {
          if (y === null) curves.append(svg("path", { class: "lost", d: `M${toX(line.x[n]) - 4} ${TOP - 3}h8l-4 7z` }));
        });
      });
      root.append(curves);
      root.append(svg("line", { class: "grid", x1: LEFT, x2: right, y1: bottom, y2: bottom }));
      plot.replaceChildren(root);
      const axis = view.log ? "logarithmic axis" : "linear axis";
      plot.setAttribute("aria-label", `${data.name} from step ${label(view.from)} to ${label(view.to)}, ${axis}`);
      log.checked = view.log;
      readout.textContent = "";
    }

    // The values of all curves at the step next to the pointer.
    function tell(pixel) {
      const x = scale.fromX(pixel);
      const said = [];
      let step = null;
      data.lines.forEach((line, place) => {
        if (hidden.has(place) || !line.x.length) return;
        let low = 0, high = line.x.length - 1;
        while (high - low > 1) { const middle = (low + high) >> 1; line.x[middle] < x ? (low = middle) : (high = middle); }
        const n = Math.abs(line.x[low] - x) <= Math.abs(line.x[high] - x) ? low : high;
        step ??= line.x[n];
        if (said.length < 4) said.push(`${data.lines.length > 1 ? `${line.label} ` : ""}${line.y[n] === null ? "not finite" : line.y[n]}`);
      });
      readout.textContent = step === null ? "" : `step ${step}: ${said.join(" · ")}`;
    }

    const pixel = (event) => {
      const box = plot.getBoundingClientRect();
      return ((event.clientX - box.left) / box.width) * width;
    };
    plot.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      dragged = { from: pixel(event), mark: svg("rect", { class: "chosen", x: 0, y: TOP, width: 0, height: HEIGHT - TOP - BOTTOM }) };
      plot.firstChild.append(dragged.mark);
      plot.setPointerCapture(event.pointerId);
    });
    plot.addEventListener("pointermove", (event) => {
      if (!dragged) return tell(pixel(event));
      const [low, high] = [dragged.from, pixel(event)].sort((a, b) => a - b);
      dragged.mark.setAttribute("x", low);
      dragged.mark.setAttribute("width", high - low);
    });
    plot.addEventListener("pointerup", (event) => {
      if (!dragged) return;
      const [low, high] = [dragged.from, pixel(event)].sort((a, b) => a - b);
      dragged.mark.remove();
      dragged = null;
      if (high - low > 6) look(Math.max(scale.fromX(low), view.from), Math.min(scale.fromX(high), view.to));
    });
    plot.addEventListener("pointercancel", () => { dragged?.mark.remove(); dragged = null; });
    plot.addEventListener("pointerleave", () => { readout.textContent = ""; });
    plot.addEventListener("dblclick", reset);
    plot.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && document.activeElement !== plot) return; // the page scrolls
      event.preventDefault();
      zoom(event.deltaY < 0 ? 0.8 : 1.25, scale.fromX(pixel(event)));
    }, { passive: false });
    plot.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const act = {
        "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), 0: reset, Escape: reset,
        ArrowLeft: () => pan(-0.25), ArrowRight: () => pan(0.25),
        l: () => { if (positive) { view.log = !view.log; draw(); } },
      }[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    });

    new ResizeObserver(() => {
      const now = Math.max(Math.floor(plot.clientWidth), 0);
      if (now > LEFT + RIGHT + 20 && now !== width) { width = now; draw(); }
    }).observe(plot);
  }

  const charts = [...document.querySelectorAll("figure.chart")];
  charts.forEach(equip);
})();

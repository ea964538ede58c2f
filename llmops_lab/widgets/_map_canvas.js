// The points of a map on a canvas: drawing, lasso, zoom. Part of map_explorer.js.

const CLICK_PX = 5;
const HIT_PX = 14;
const LABELS = 14;
const LABEL_ABOVE_PX = 16;
const MOVE_MS = 700;
const NO_GROUP = "#8c8c8c"; // as far from white as from black

function makeMap(model, set, send, catchPoints) {
  const canvas = node("canvas", { class: "llmops-map-points" });
  const over = node("canvas", { class: "llmops-map-over", tabindex: "0", role: "img" });
  const tip = node("div", { class: "llmops-map-tip", hidden: "" });
  const buttons = [
    ["+", "Zoom in", () => zoom(1.5)],
    ["−", "Zoom out", () => zoom(1 / 1.5)],
    ["⤢", "Whole map", () => whole()],
  ].map(([sign, label, act]) => {
    const button = node("button", { type: "button", title: label, "aria-label": label }, sign);
    button.addEventListener("click", act);
    return button;
  });
  const zooms = node("div", { class: "llmops-map-zooms" }, buttons);
  const coming = makeComing(model, send);
  const parts = [canvas, over, zooms, coming.element, tip];
  const element = node("div", { class: "llmops-map-canvas" }, parts);
  over.setAttribute("aria-label", `Map: ${model.get("title")}, ${model.get("subtitle")}`);

  let points = floats(model.get("points"));
  let moving = 0;
  const groups = shorts(model.get("membership"));
  const current = bytes(model.get("is_current"));
  const count = groups.length;
  const members = membersOf(groups, model.get("groups").length);
  const view = { x: 0.5, y: 0.5, scale: 1 };
  let size = { width: 0, height: 0 };
  let windowShown = "both";
  let inside = new Set();
  let path = [];
  let drag = null;

  const wide = () => size.width * 0.9 * view.scale;
  const high = () => size.height * 0.9 * view.scale;
  const toX = (x) => size.width / 2 + (x - view.x) * wide();
  const toY = (y) => size.height / 2 - (y - view.y) * high();
  const isShown = (i) =>
    windowShown === "both" || !current.length || (current[i] === 1) === (windowShown === "now");

  function draw() {
    const pen = penOf(canvas, size);
    const chosen = model.get("chosen");
    if (model.get("n_lassoed") === 0) inside = new Set();
    const dot = Math.max(1.6, Math.min(5, 160 / Math.sqrt(count || 1))) * Math.sqrt(view.scale);
    const style = getComputedStyle(element);
    const colours = model.get("groups").map((group) => group.colour);
    const dims = (i) =>
      (chosen >= 0 && groups[i] !== chosen) || (inside.size > 0 && !inside.has(i));
    const chose = chosen >= 0 || inside.size > 0;
    for (const [dimmed, alpha] of [[true, 0.12], [false, chose ? 1 : 0.75]]) {
      for (let group = -1; group < colours.length; group++) {
        pen.fillStyle = pen.strokeStyle = group < 0 ? NO_GROUP : colours[group];
        pen.globalAlpha = group < 0 && !(chose && !dimmed) ? Math.min(alpha, 0.3) : alpha;
        drawGroup(pen, group, dimmed, dims, dot);
      }
    }
    pen.globalAlpha = 1;
    if (!moving) drawLabels(pen, style);
    drawOver();
  }

  // Points of before are rings, those of now are full.
  function drawGroup(pen, group, dimmed, dims, dot) {
    for (const i of members[group + 1]) {
      if (dims(i) !== dimmed || !isShown(i)) continue;
      const x = toX(points[2 * i]);
      const y = toY(points[2 * i + 1]);
      if (x < -dot || y < -dot || x > size.width + dot || y > size.height + dot) continue;
      if (current.length && current[i] === 0) {
        pen.strokeRect(x - dot / 2, y - dot / 2, dot, dot);
      } else {
        pen.fillRect(x - dot / 2, y - dot / 2, dot, dot);
      }
    }
  }

  function drawLabels(pen, style) {
    const chosen = model.get("chosen");
    const taken = [];
    pen.font = `600 12px ${style.fontFamily}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    pen.lineWidth = 4;
    pen.strokeStyle = style.getPropertyValue("--llmops-paper").trim() || "#fff";
    pen.fillStyle = style.color;
    const wanted = model.get("labels").filter(({ group }) => chosen < 0 || group === chosen);
    for (const { text, x, y } of wanted.slice(0, LABELS)) {
      const short = text.length > 34 ? `${text.slice(0, 33)}…` : text;
      const half = pen.measureText(short).width / 2;
      const box = {
        left: Math.max(half + 6, Math.min(size.width - half - 6, toX(x))),
        top: Math.max(12, Math.min(size.height - 12, toY(y) - LABEL_ABOVE_PX)),
        half,
      };
      const hits = (other) =>
        Math.abs(other.left - box.left) < other.half + half && Math.abs(other.top - box.top) < 17;
      if (taken.some(hits)) continue;
      taken.push(box);
      pen.strokeText(short, box.left, box.top);
      pen.fillText(short, box.left, box.top);
    }
  }

  function drawOver() {
    const pen = penOf(over, size);
    const style = getComputedStyle(element);
    pen.strokeStyle = pen.fillStyle = style.getPropertyValue("--llmops-accent-solid") || "#1976d2";
    const { position } = model.get("detail");
    if (position !== undefined && model.get("has_texts")) {
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(toX(points[2 * position]), toY(points[2 * position + 1]), 8, 0, 2 * Math.PI);
      pen.stroke();
    }
    if (path.length < 2) return;
    pen.lineWidth = 1.5;
    pen.beginPath();
    path.forEach(([x, y]) => pen.lineTo(x, y));
    pen.closePath();
    pen.stroke();
    pen.globalAlpha = 0.12;
    pen.fill();
  }

  function nearest(x, y) {
    let best = -1;
    let distance = HIT_PX * HIT_PX;
    for (let i = 0; i < count; i++) {
      if (!isShown(i)) continue;
      const dx = toX(points[2 * i]) - x;
      const dy = toY(points[2 * i + 1]) - y;
      if (dx * dx + dy * dy < distance) {
        distance = dx * dx + dy * dy;
        best = i;
      }
    }
    return best;
  }

  function within(corners) {
    const found = [];
    for (let i = 0; i < count; i++) {
      if (isShown(i) && isInside(toX(points[2 * i]), toY(points[2 * i + 1]), corners)) found.push(i);
    }
    return found;
  }

  over.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    over.setPointerCapture(event.pointerId);
    drag = { moves: event.shiftKey, x: event.offsetX, y: event.offsetY, view: { ...view } };
    path = event.shiftKey ? [] : [[event.offsetX, event.offsetY]];
  });
  over.addEventListener("pointermove", (event) => {
    if (!drag) return hint(event);
    if (drag.moves) {
      view.x = drag.view.x - (event.offsetX - drag.x) / wide();
      view.y = drag.view.y + (event.offsetY - drag.y) / high();
      return draw();
    }
    path.push([event.offsetX, event.offsetY]);
    drawOver();
  });
  over.addEventListener("pointerup", (event) => {
    const moved = drag && Math.hypot(event.offsetX - drag.x, event.offsetY - drag.y) > CLICK_PX;
    const corners = path;
    const moves = drag?.moves;
    path = [];
    drag = null;
    if (moves) return;
    if (moved || corners.length > 12) {
      inside = new Set(within(corners));
      catchPoints(inside);
    } else {
      choose(nearest(event.offsetX, event.offsetY));
    }
    drawOver();
  });
  over.addEventListener("pointerleave", () => (tip.hidden = true));
  over.addEventListener("pointercancel", () => {
    path = [];
    drag = null;
  });
  over.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 300), event.offsetX, event.offsetY);
    },
    { passive: false },
  );

  function hint(event) {
    const group = groups[nearest(event.offsetX, event.offsetY)] ?? -1;
    tip.hidden = group < 0;
    if (tip.hidden) return;
    tip.textContent = model.get("groups")[group].title;
    tip.style.left = `${Math.min(event.offsetX + 12, size.width - 160)}px`;
    tip.style.top = `${Math.min(event.offsetY + 12, size.height - 40)}px`;
  }

  function choose(point) {
    if (point < 0) {
      set({ chosen: -1 });
      release();
    } else if (model.get("has_texts")) set({ point });
    else set({ chosen: groups[point] });
  }

  function zoom(factor, x = size.width / 2, y = size.height / 2) {
    const before = { x: view.x + (x - size.width / 2) / wide(), y: view.y - (y - size.height / 2) / high() };
    view.scale = Math.min(60, Math.max(1, view.scale * factor));
    if (view.scale === 1) return whole();
    view.x = before.x - (x - size.width / 2) / wide();
    view.y = before.y + (y - size.height / 2) / high();
    draw();
  }

  function whole() {
    Object.assign(view, { x: 0.5, y: 0.5, scale: 1 });
    draw();
  }

  // A better map has come: the points move to their new places, so that the eye can follow.
  function move() {
    const from = points;
    const to = floats(model.get("points"));
    cancelAnimationFrame(moving);
    const began = performance.now();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = (now) => {
      const share = still ? 1 : Math.min(1, Math.max(0, (now - began) / MOVE_MS));
      const eased = share * share * (3 - 2 * share);
      points = share === 1 ? to : from.map((place, i) => place + (to[i] - place) * eased);
      moving = share === 1 ? 0 : requestAnimationFrame(step);
      element.setAttribute("aria-busy", String(moving > 0));
      draw();
    };
    moving = requestAnimationFrame(step);
  }

  const resized = new ResizeObserver(() => {
    size = { width: element.clientWidth, height: element.clientHeight };
    draw();
  });
  resized.observe(element);
  model.on("change:detail", drawOver);
  model.on("change:points", move);
  const themed = new MutationObserver(draw);
  themed.observe(document.body, { attributeFilter: ["data-jp-theme-name"] });
  const close = () => {
    resized.disconnect();
    themed.disconnect();
    model.off("change:detail", drawOver);
    model.off("change:points", move);
    cancelAnimationFrame(moving);
    coming.close();
  };
  const show = (name) => {
    windowShown = name;
    draw();
  };
  const release = () => {
    if (model.get("n_lassoed")) catchPoints([]);
  };
  return { element, draw, zoom, whole, show, shows: () => windowShown, release, close };
}

// Says that a better map is being made, and how far it is.
function makeComing(model, send) {
  const bar = node("progress", { max: "1", "aria-label": "Progress of the UMAP map" });
  const text = node("span", { role: "status" });
  const stop = node("button", { type: "button", class: "llmops-quiet" }, "Stop");
  stop.addEventListener("click", () => send({ action: "stop_map" }));
  const element = node("div", { class: "llmops-map-coming", hidden: "" }, [bar, text, stop]);

  function draw() {
    const state = model.get("map_state");
    element.hidden = !state.text;
    if (element.hidden) return;
    if (text.textContent !== state.text) text.textContent = state.text;
    bar.hidden = stop.hidden = !state.coming;
    if (state.share === null) bar.removeAttribute("value");
    else bar.value = state.share;
  }
  model.on("change:map_state", draw);
  draw();
  send({ action: "drawn" });
  const close = () => {
    model.off("change:map_state", draw);
    send({ action: "closed" });
  };
  return { element, close };
}

// The points of each group, those of none first.
function membersOf(groups, count) {
  const members = Array.from({ length: count + 1 }, () => []);
  groups.forEach((group, i) => members[group + 1].push(i));
  return members;
}

// The canvas cleared, in CSS pixels whatever the screen's density.
function penOf(canvas, { width, height }) {
  const density = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(height * density);
  const pen = canvas.getContext("2d");
  pen.scale(density, density);
  return pen;
}

// Whether a point lies within a closed path: a ray from it crosses the path an odd number of times.
function isInside(x, y, corners) {
  let inside = false;
  for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
    const [ax, ay] = corners[i];
    const [bx, by] = corners[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

// Views of what came as bytes; copied, since a view must start at a multiple of its item's size.
const copied = (view) => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
const floats = (view) => new Float32Array(copied(view));
const shorts = (view) => new Int16Array(copied(view));
const bytes = (view) => new Uint8Array(copied(view));

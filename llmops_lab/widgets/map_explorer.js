// Draws the traits of MapExplorer (_map_explorer.py), which owns state and arithmetic.
// Follows _shared.js, which makes the table and the elements.

const CLICK_PX = 5;
const HIT_PX = 14;
const LABELS = 14;
const LABEL_ABOVE_PX = 16;

const KEYS = [
  ["drag", "lasso points"],
  ["Shift drag", "move the map"],
  ["Ctrl wheel, + −", "zoom"],
  ["0", "whole map"],
  ["j k ↑ ↓", "next, previous text"],
  ["/", "search"],
  ["Esc", "choose nothing"],
];

function render({ model, el }) {
  const set = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  // What the lasso holds travels as bytes, in a message: traits are compared, and bytes are not.
  const catchPoints = (points) => {
    model.send({ action: "lasso" }, undefined, [Uint32Array.from(points).buffer]);
  };
  const map = makeMap(model, set, catchPoints);
  const clear = () => {
    set({ chosen: -1, search: "" });
    map.release();
  };

  const groups = makeGroups(model, set);
  const toolbar = makeToolbar(model, set, map, clear);
  const table = makeTable(model, set);
  const reader = makeReader(model);
  const left = node("div", { class: "llmops-map-side" }, [map.element]);
  if (model.get("has_texts")) left.append(table.element);
  const right = node("div", { class: "llmops-map-side" }, [groups.element, reader.element]);
  const root = node("section", { class: "llmops-widget llmops-map" }, [
    toolbar.element,
    node("div", { class: "llmops-panes" }, [left, right]),
  ]);
  root.setAttribute("aria-label", model.get("title"));
  el.replaceChildren(root);

  root.addEventListener("keydown", (event) => {
    if (handleKey(event, { model, set, toolbar, table, map, clear })) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
  const release = keepKeysFromJupyterLab(root);
  const stopWaiting = sayWhenNobodyIsThere(model, root);
  const drawings = {
    "change:n_shown change:search change:chosen change:n_lassoed": toolbar.draw,
    "change:window change:n_shown change:columns change:sort": table.draw,
    "change:cursor": table.reveal,
    "change:chosen change:n_lassoed": map.draw,
    "change:chosen": groups.draw,
    "change:detail change:group": reader.draw,
  };
  for (const [events, draw] of Object.entries(drawings)) model.on(events, draw);
  for (const draw of Object.values(drawings)) draw();
  return () => {
    release();
    stopWaiting();
    table.close();
    map.close();
    for (const [events, draw] of Object.entries(drawings)) model.off(events, draw);
  };
}

// --- what stands over the map ------------------------------------------------------------------

function makeToolbar(model, set, map, clear) {
  const titles = node("div", { class: "llmops-map-titles" }, [
    node("strong", { dir: "auto" }, model.get("title")),
    node("span", {}, model.get("subtitle")),
  ]);
  const windows = node("div", { class: "llmops-filters", role: "group", "aria-label": "Show" });
  const search = node("input", {
    type: "search",
    placeholder: "Search the texts  /",
    "aria-label": "Search the texts",
  });
  const reset = node("button", { type: "button", class: "llmops-quiet" }, "Choose nothing");
  const shown = node("span", { class: "llmops-shown", role: "status" });
  const help = node("details", { class: "llmops-help" }, [
    node("summary", { title: "Keys", "aria-label": "Keys" }, "?"),
    node("dl", {}, KEYS.flatMap(([key, does]) => [node("dt", {}, key), node("dd", {}, does)])),
  ]);
  let typing = 0;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => set({ search: search.value }), 150);
  });
  reset.addEventListener("click", clear);

  function drawWindows() {
    const kinds = [
      ["both", "Both"],
      ["before", "□ Before"],
      ["now", "■ Now"],
    ];
    const buttons = kinds.map(([name, label]) => {
      const pressed = String(map.shows() === name);
      const button = node("button", { type: "button", "aria-pressed": pressed }, label);
      button.dataset.filter = name;
      button.addEventListener("click", () => {
        map.show(name);
        drawWindows();
      });
      return button;
    });
    keepFocus(windows, "filter", () => windows.replaceChildren(...buttons));
  }

  function draw() {
    if (document.activeElement !== search) search.value = model.get("search");
    const chose = model.get("chosen") >= 0 || model.get("n_lassoed") > 0;
    reset.hidden = !chose && !model.get("search");
    shown.textContent = model.get("shown_text");
  }

  const parts = [titles, reset, shown, help];
  if (model.get("has_texts")) parts.splice(1, 0, search);
  if (model.get("is_current").byteLength) {
    drawWindows();
    parts.splice(1, 0, windows);
  }
  const element = node("div", { class: "llmops-toolbar" }, parts);
  return { element, draw, focusSearch: () => search.focus() };
}

// --- the map -------------------------------------------------------------------------------------

function makeMap(model, set, catchPoints) {
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
  const element = node("div", { class: "llmops-map-canvas" }, [canvas, over, zooms, tip]);
  over.setAttribute("aria-label", `Map: ${model.get("title")}, ${model.get("subtitle")}`);

  const points = floats(model.get("points"));
  const groups = shorts(model.get("membership"));
  const current = bytes(model.get("is_current"));
  const count = groups.length;
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
    const grey = style.getPropertyValue("--llmops-soft").trim() || "#888";
    const colours = model.get("groups").map((group) => group.colour);
    const dims = (i) =>
      (chosen >= 0 && groups[i] !== chosen) || (inside.size > 0 && !inside.has(i));
    const chose = chosen >= 0 || inside.size > 0;
    for (const [dimmed, alpha] of [[true, 0.12], [false, chose ? 1 : 0.75]]) {
      for (let group = -1; group < colours.length; group++) {
        pen.fillStyle = pen.strokeStyle = group < 0 ? grey : colours[group];
        pen.globalAlpha = group < 0 && !(chose && !dimmed) ? Math.min(alpha, 0.3) : alpha;
        drawGroup(pen, group, dimmed, dims, dot);
      }
    }
    pen.globalAlpha = 1;
    drawLabels(pen, style);
    drawOver();
  }

  // Points of before are rings, those of now are full.
  function drawGroup(pen, group, dimmed, dims, dot) {
    for (let i = 0; i < count; i++) {
      if (groups[i] !== group || dims(i) !== dimmed || !isShown(i)) continue;
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

  const resized = new ResizeObserver(() => {
    size = { width: element.clientWidth, height: element.clientHeight };
    draw();
  });
  resized.observe(element);
  model.on("change:detail", drawOver);
  const themed = new MutationObserver(draw);
  themed.observe(document.body, { attributeFilter: ["data-jp-theme-name"] });
  const close = () => {
    resized.disconnect();
    themed.disconnect();
    model.off("change:detail", drawOver);
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

// --- the groups ----------------------------------------------------------------------------------

function makeGroups(model, set) {
  const head = node("tr", {});
  head.append(
    ...model.get("group_columns").map(({ label, numeric }) =>
      node("th", { scope: "col", class: numeric ? "llmops-number" : "" }, label),
    ),
  );
  const body = node("tbody", {});
  const table = node("table", {}, [node("thead", {}, [head]), body]);
  const element = node("div", { class: "llmops-map-groups" }, [table]);
  const lines = model.get("groups").map((group, index) => {
    const button = node("button", { type: "button" }, [
      node("i", { style: `background:${group.colour}`, "aria-hidden": "true" }),
      node("span", { dir: "auto" }, group.title),
    ]);
    button.addEventListener("click", () => {
      set({ chosen: model.get("chosen") === index ? -1 : index });
    });
    const rest = group.cells.slice(1).map((text, i) => {
      const { numeric } = model.get("group_columns")[i + 1];
      return node("td", { class: numeric ? "llmops-number" : "" }, text);
    });
    return node("tr", {}, [node("th", { scope: "row" }, [button]), ...rest]);
  });
  body.replaceChildren(...lines);
  if (!lines.length) element.replaceChildren(node("p", { class: "llmops-empty" }, "No segment."));

  function draw() {
    lines.forEach((line, index) => {
      const chosen = index === model.get("chosen");
      line.classList.toggle("llmops-chosen", chosen);
      line.querySelector("button").setAttribute("aria-pressed", String(chosen));
    });
  }
  return { element, draw };
}

// --- the reading pane ------------------------------------------------------------------------------

function makeReader(model) {
  const text = node("div", { class: "llmops-reader" });
  const element = node("article", { "aria-label": "What is chosen", "aria-live": "polite" }, [text]);

  function draw() {
    const parts = [...groupParts(model.get("group")), ...textParts(model.get("detail"))];
    const notes = model.get("notes").map((note) => node("p", { class: "llmops-note" }, note));
    text.replaceChildren(...(model.get("group").title ? parts : [...parts, ...notes]));
    if (!text.childElementCount) {
      text.append(node("p", { class: "llmops-empty" }, "Choose a segment, or lasso points."));
    }
    text.scrollTop = 0;
  }
  return { element, draw };
}

function groupParts(group) {
  if (!group.title) return [];
  const facts = group.facts.map(([name, value]) =>
    node("tr", {}, [node("th", { scope: "row" }, name), node("td", {}, value)]),
  );
  const words = group.words.map((word) => node("span", { class: "llmops-tag", dir: "auto" }, word));
  const examples = group.exemplars.slice(0, 5).map((example) => textBlock(example));
  return [
    node("header", {}, [
      node("i", { class: "llmops-swatch", style: `background:${group.colour}` }),
      node("strong", { dir: "auto" }, group.title),
    ]),
    node("div", { class: "llmops-words" }, words),
    node("table", {}, [node("tbody", {}, facts)]),
    ...(examples.length ? [part("For example", node("div", { class: "llmops-stack" }, examples))] : []),
    part("The same in code", makeCode(group)),
  ];
}

function textParts(detail) {
  if (detail.input === undefined) return [];
  return [
    node("header", { class: "llmops-text-head" }, [
      node("strong", { dir: "auto" }, detail.id),
      node("span", { class: "llmops-tag", dir: "auto" }, detail.group_title),
      node("span", { class: "llmops-facts" }, detail.facts),
    ]),
    part("Asked", textBlock(detail.input)),
    ...(detail.output ? [part("Answered", textBlock(detail.output))] : []),
  ];
}

// --- keys ------------------------------------------------------------------------------------------

function handleKey(event, { model, set, toolbar, table, map, clear }) {
  if (event.key === "Escape") return clear(), true;
  if (event.target.matches("input, textarea, select")) return false;
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const step = stepOf(event, model, table);
  if (step !== null && model.get("has_texts")) return set({ cursor: step }), true;
  const actions = {
    "+": () => map.zoom(1.5),
    "=": () => map.zoom(1.5),
    "-": () => map.zoom(1 / 1.5),
    0: map.whole,
    "/": toolbar.focusSearch,
  };
  if (!(event.key in actions)) return false;
  actions[event.key]();
  return true;
}

export default { render };

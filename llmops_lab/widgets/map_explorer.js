// Draws the traits of MapExplorer (_map_explorer.py), which owns state and arithmetic.
// Follows _shared.js (table, elements), _map_canvas.js (the points) and _map_panes.js.

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
  const { set, send } = talkTo(model);
  // What the lasso holds travels as bytes, in a message: traits are compared, and bytes are not.
  const catchPoints = (points) => {
    send({ action: "lasso" }, [Uint32Array.from(points).buffer]);
  };
  const map = makeMap(model, set, send, catchPoints);
  const clear = () => {
    toolbar.forgetSearch();
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
  const stopWatching = watchKernel(model, root, send);
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
    stopWatching();
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
  const help = makeHelp(KEYS);
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
  const forgetSearch = () => {
    clearTimeout(typing);
    search.value = "";
  };
  return { element, draw, forgetSearch, focusSearch: () => search.focus() };
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

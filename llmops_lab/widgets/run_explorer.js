// Draws the traits of RunExplorer (run_explorer.py), which owns state and arithmetic.
// Texts of cases and answers are untrusted: they reach the page by textContent or value only.

const ROW_PX = 30;
const SPARE_ROWS = 60;
let tablesMade = 0;

const KEYS = [
  ["j k ↑ ↓", "next, previous result"],
  ["Home End PgUp PgDn", "jump"],
  ["m", "mark"],
  ["e", "edit what was expected"],
  ["Ctrl Enter", "add the case to the golden set"],
  ["/", "search"],
  ["Esc", "back to the table"],
];

function render({ model, el }) {
  const drafts = new Map();
  const send = (content) => model.send(content);
  const set = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };

  const toolbar = makeToolbar(model, set);
  const table = makeTable(model, set);
  const reader = makeReader(model, send, drafts);
  const root = node("section", { class: "llmops-run", "aria-label": "Results of an eval" }, [
    toolbar.element,
    node("div", { class: "llmops-run-panes" }, [table.element, reader.element]),
  ]);
  el.replaceChildren(root);

  const keys = (event) => {
    if (handleKey(event, { model, set, send, toolbar, table, reader })) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  root.addEventListener("keydown", keys);
  const release = keepKeysFromJupyterLab(root);

  const drawings = {
    "change:counts change:filter change:tag change:tags change:n_shown": toolbar.draw,
    "change:window change:n_shown change:columns change:sort": table.draw,
    "change:cursor": table.reveal,
    "change:detail": reader.draw,
    "change:message": reader.announce,
  };
  for (const [events, draw] of Object.entries(drawings)) model.on(events, draw);
  toolbar.draw();
  table.draw();
  reader.draw();
  return () => {
    release();
    table.close();
    for (const [events, draw] of Object.entries(drawings)) model.off(events, draw);
  };
}

// --- what stands over the table: which results are shown -------------------------------------

function makeToolbar(model, set) {
  const filters = node("div", { class: "llmops-run-filters", role: "group", "aria-label": "Show" });
  const tags = node("select", { "aria-label": "Only cases with this tag" });
  const search = node("input", {
    type: "search",
    placeholder: "Search the texts  /",
    "aria-label": "Search ids, inputs, expected answers and given answers",
    value: model.get("search"),
  });
  const shown = node("span", { class: "llmops-run-shown", role: "status" });
  const help = node("details", { class: "llmops-run-help" }, [
    node("summary", { title: "Keys", "aria-label": "Keys" }, "?"),
    node("dl", {}, KEYS.flatMap(([key, does]) => [node("dt", {}, key), node("dd", {}, does)])),
  ]);

  let typing = 0;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => set({ search: search.value }), 150);
  });
  tags.addEventListener("change", () => set({ tag: tags.value }));

  function draw() {
    const active = model.get("filter");
    const buttons = model.get("counts").map(([name, label, count]) => {
      const button = node("button", { type: "button", "aria-pressed": String(name === active) }, [
        label,
        node("span", { class: "llmops-run-count" }, count),
      ]);
      button.dataset.filter = name;
      button.addEventListener("click", () => set({ filter: name }));
      return button;
    });
    keepFocus(filters, "filter", () => filters.replaceChildren(...buttons));
    const options = model.get("tags").map(([tag, label]) => node("option", { value: tag }, label));
    tags.replaceChildren(node("option", { value: "" }, "Every tag"), ...options);
    tags.value = model.get("tag");
    tags.hidden = options.length === 0;
    shown.textContent = model.get("shown_text");
  }

  const element = node("div", { class: "llmops-run-toolbar" }, [filters, tags, search, shown, help]);
  return { element, draw, focusSearch: () => search.focus() };
}

// --- the table: a window of rows, more asked for while scrolling -----------------------------

function makeTable(model, set) {
  const head = node("div", { class: "llmops-run-head", role: "row", "aria-rowindex": "1" });
  const body = node("div", { class: "llmops-run-body", role: "rowgroup" });
  const empty = node("p", { class: "llmops-run-empty" });
  const id = `llmops-run-${++tablesMade}`;
  const element = node("div", { class: "llmops-run-table", role: "grid", tabindex: "0" }, [
    node("div", { role: "rowgroup", class: "llmops-run-headgroup" }, [head]),
    body,
    empty,
  ]);
  element.setAttribute("aria-label", "Results");

  function drawHead() {
    const [sorted, descending] = model.get("sort");
    const cells = model.get("columns").map(({ name, label, numeric }) => {
      const mark = name === sorted ? (descending ? " ▾" : " ▴") : "";
      const button = node("button", { type: "button", tabindex: "-1" }, label + mark);
      button.addEventListener("click", () => {
        set({ sort: [name, name === sorted ? !descending : numeric] });
        element.focus();
      });
      const cell = node("div", { role: "columnheader", class: cellClass(name, numeric) }, [button]);
      const direction = descending ? "descending" : "ascending";
      cell.setAttribute("aria-sort", name === sorted ? direction : "none");
      return cell;
    });
    head.replaceChildren(...cells);
    element.style.setProperty("--llmops-columns", model.get("columns").map(width).join(" "));
  }

  function drawRows() {
    const total = model.get("n_shown");
    const { start, rows } = model.get("window");
    const columns = model.get("columns");
    const first = Math.max(0, Math.floor(element.scrollTop / ROW_PX) - 5);
    const last = Math.min(total, first + Math.ceil(element.clientHeight / ROW_PX) + 10);
    body.style.height = `${total * ROW_PX}px`;
    const drawn = [];
    for (let rank = first; rank < last; rank++) {
      drawn.push(drawRow(rank, rows[rank - start], columns));
    }
    body.replaceChildren(...drawn);
    const missing = first < start || (last > start + rows.length && last <= total);
    if (missing && total > 0) set({ start: Math.max(0, first - SPARE_ROWS) });
  }

  function drawRow(rank, row, columns) {
    const chosen = rank === model.get("cursor");
    const line = node("div", { role: "row", id: `${id}-${rank}`, class: "llmops-run-row" });
    line.style.transform = `translateY(${rank * ROW_PX}px)`;
    line.setAttribute("aria-rowindex", String(rank + 2));
    line.setAttribute("aria-selected", String(chosen));
    if (row) {
      line.dataset.state = row.state;
      line.classList.toggle("llmops-run-marked", row.marked);
      line.classList.toggle("llmops-run-written", row.written);
      line.append(
        ...row.cells.map((text, i) => {
          const { name, numeric } = columns[i];
          const cell = node("div", { role: "gridcell", class: cellClass(name, numeric) }, text);
          if (!numeric) cell.dir = "auto";
          return cell;
        }),
      );
    }
    line.addEventListener("mousedown", (event) => {
      if (event.button === 0) set({ cursor: rank });
    });
    return line;
  }

  function draw() {
    element.setAttribute("aria-rowcount", String(model.get("n_shown") + 1));
    element.setAttribute("aria-activedescendant", `${id}-${model.get("cursor")}`);
    empty.textContent = model.get("n_shown") === 0 ? model.get("empty_text") : "";
    drawHead();
    drawRows();
  }

  function reveal() {
    const top = model.get("cursor") * ROW_PX;
    const room = element.clientHeight - head.offsetHeight - ROW_PX;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top > element.scrollTop + room) element.scrollTop = top - room;
    draw();
  }

  const pageRows = () => Math.max(1, Math.floor(element.clientHeight / ROW_PX) - 2);
  element.addEventListener("scroll", drawRows, { passive: true });
  const resized = new ResizeObserver(drawRows);
  resized.observe(element);
  const focus = () => element.focus({ preventScroll: true });
  return { element, draw, reveal, focus, pageRows, close: () => resized.disconnect() };
}

function cellClass(name, numeric) {
  return `llmops-run-cell llmops-run-${name === "state" ? "state" : numeric ? "number" : "text"}`;
}

function width({ name, numeric }) {
  if (name === "state") return "28px";
  if (name === "input") return "minmax(120px, 1fr)";
  return numeric ? "72px" : "minmax(64px, 108px)";
}

// --- the reading pane: one result in full, and what to do with it ----------------------------

function makeReader(model, send, drafts) {
  const text = node("div", { class: "llmops-run-reader" });
  const status = node("p", { class: "llmops-run-message", role: "status", "aria-live": "polite" });
  const actions = node("div", { class: "llmops-run-actions" });
  const foot = node("footer", {}, [actions, status]);
  const element = node("article", { "aria-label": "The result" }, [text, foot]);
  let expected = null;

  function draw() {
    const detail = model.get("detail");
    foot.hidden = detail.position === undefined;
    if (foot.hidden) {
      text.replaceChildren(node("p", { class: "llmops-run-empty" }, "Nothing to read."));
      return;
    }
    const editing = expected !== null && expected === document.activeElement;
    const caret = editing ? expected.selectionStart : 0;
    expected = makeEditor(detail);
    drawActions(detail);
    text.replaceChildren(
      makeTitle(detail),
      ...(detail.error ? [node("p", { class: "llmops-run-error", dir: "auto" }, detail.error)] : []),
      part("Asked", textBlock(detail.input)),
      part("Expected", expected, detail.expected_note),
      part("Answered", textBlock(detail.output, detail.error ? "No answer." : "")),
      ...(detail.scores.length ? [part("Scores", makeScores(detail.scores))] : []),
      part("The same in code", makeCode(detail)),
    );
    if (editing) {
      expected.focus();
      expected.setSelectionRange(caret, caret);
    } else {
      text.scrollTop = 0;
    }
    announce();
  }

  function makeEditor(detail) {
    const editor = node("textarea", { rows: "3", dir: "auto", spellcheck: "false" });
    editor.setAttribute("aria-label", "What was expected");
    editor.value = drafts.get(detail.position) ?? detail.expected;
    editor.addEventListener("input", () => {
      drafts.set(detail.position, editor.value);
      grow(editor);
    });
    requestAnimationFrame(() => grow(editor));
    return editor;
  }

  function drawActions(detail) {
    const buttons = detail.actions.map(({ action, label, hint, primary }) => {
      const button = node("button", { type: "button", title: hint }, label);
      button.dataset.action = action;
      button.disabled = !detail.can_write && action !== "mark";
      button.classList.toggle("llmops-run-primary", primary);
      button.addEventListener("click", () => act(action));
      return button;
    });
    keepFocus(actions, "action", () => actions.replaceChildren(...buttons));
  }

  function act(action) {
    const { position } = model.get("detail");
    if (position !== undefined) send({ action, position, expected: expected.value });
  }

  function announce() {
    const { position, kind, text } = model.get("message");
    const isHere = position === model.get("detail").position;
    status.textContent = isHere ? (text ?? "") : "";
    status.dataset.kind = isHere ? (kind ?? "") : "";
  }

  return { element, draw, announce, act, edit: () => expected?.focus() };
}

function makeTitle(detail) {
  const tags = detail.tags.map((tag) => node("span", { class: "llmops-run-tag", dir: "auto" }, tag));
  return node("header", {}, [
    node("span", { class: "llmops-run-badge", "data-state": detail.state }, detail.state),
    node("strong", { dir: "auto" }, detail.id),
    node("span", { class: "llmops-run-facts" }, detail.facts),
    ...tags,
  ]);
}

function makeScores(scores) {
  const rows = scores.map(({ name, value, passed, reason }) =>
    node("tr", { "data-state": passed === null ? "" : passed ? "passed" : "failed" }, [
      node("th", { scope: "row" }, name),
      node("td", { class: "llmops-run-number" }, value),
      node("td", { dir: "auto" }, reason),
    ]),
  );
  return node("table", {}, [node("tbody", {}, rows)]);
}

function makeCode(detail) {
  const copy = node("button", { type: "button", class: "llmops-run-copy" }, "Copy");
  copy.addEventListener("click", async () => {
    // Without https there is no clipboard to write to; the selected text can be copied.
    const code = copy.parentElement.querySelector("pre");
    getSelection().selectAllChildren(code);
    await navigator.clipboard?.writeText(detail.code);
    copy.textContent = navigator.clipboard ? "Copied" : "Selected";
  });
  return node("div", { class: "llmops-run-code" }, [node("pre", {}, detail.code), copy]);
}

function part(title, content, note) {
  const heading = node("h4", {}, [title, node("span", {}, note ?? "")]);
  return node("section", {}, [heading, content]);
}

function textBlock(text, otherwise = "") {
  const block = node("div", { class: "llmops-run-block", dir: "auto" }, text || otherwise);
  block.classList.toggle("llmops-run-none", !text);
  return block;
}

function grow(editor) {
  editor.style.height = "auto";
  editor.style.height = `${Math.min(editor.scrollHeight + 2, 320)}px`;
}

// --- keys --------------------------------------------------------------------------------------

function handleKey(event, parts) {
  const { model, set, send, toolbar, table, reader } = parts;
  if (event.key === "Escape") return table.focus(), true;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return reader.act("add"), true;
  if (event.target.matches("input, textarea, select")) return false;
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const total = model.get("n_shown");
  const cursor = model.get("cursor");
  const steps = {
    j: 1,
    ArrowDown: 1,
    k: -1,
    ArrowUp: -1,
    PageDown: table.pageRows(),
    PageUp: -table.pageRows(),
    Home: -total,
    End: total,
  };
  if (event.key in steps) {
    const wanted = cursor + steps[event.key];
    if (total > 0) set({ cursor: Math.min(total - 1, Math.max(0, wanted)) });
    table.focus();
    return true;
  }
  const actions = {
    m: () => send({ action: "mark", position: model.get("detail").position }),
    e: reader.edit,
    "/": toolbar.focusSearch,
  };
  if (!(event.key in actions)) return false;
  actions[event.key]();
  return true;
}

// JupyterLab acts on keys before a page element sees them. Within the widget it leaves plain
// keys and Ctrl+Enter alone; other chords, as Ctrl+S, stay JupyterLab's.
function keepKeysFromJupyterLab(root) {
  const decide = (event) => {
    const isChord = (event.ctrlKey || event.metaKey) && event.key !== "Enter";
    root.toggleAttribute("data-lm-suppress-shortcuts", !isChord);
  };
  window.addEventListener("keydown", decide, true);
  return () => window.removeEventListener("keydown", decide, true);
}

// --- elements ------------------------------------------------------------------------------------

function node(tag, attributes = {}, content = []) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...(Array.isArray(content) ? content : [content]).map((part) => part ?? ""));
  return element;
}

function keepFocus(parent, key, change) {
  const focused = parent.contains(document.activeElement)
    ? document.activeElement.dataset[key]
    : undefined;
  change();
  const again = [...parent.children].find((child) => child.dataset[key] === focused);
  if (focused !== undefined) again?.focus();
}

export default { render };

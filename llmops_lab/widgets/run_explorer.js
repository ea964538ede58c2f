// Draws the traits of RunExplorer (run_explorer.py), which owns state and arithmetic.
// Follows _shared.js, which makes the table and the elements.

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
  const root = node("section", { class: "llmops-widget llmops-run", "aria-label": "Results of an eval" }, [
    toolbar.element,
    node("div", { class: "llmops-panes" }, [table.element, reader.element]),
  ]);
  el.replaceChildren(root);

  const keys = (event) => {
    if (handleKey(event, { model, set, toolbar, table, reader })) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  root.addEventListener("keydown", keys);
  const release = keepKeysFromJupyterLab(root);
  const stopWaiting = sayWhenNobodyIsThere(model, root);

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
    stopWaiting();
    table.close();
    for (const [events, draw] of Object.entries(drawings)) model.off(events, draw);
  };
}

// --- what stands over the table: which results are shown -------------------------------------

function makeToolbar(model, set) {
  const filters = node("div", { class: "llmops-filters", role: "group", "aria-label": "Show" });
  const tags = node("select", { "aria-label": "Only cases with this tag" });
  const search = node("input", {
    type: "search",
    placeholder: "Search the texts  /",
    "aria-label": "Search ids, inputs, expected answers and given answers",
    value: model.get("search"),
  });
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
  tags.addEventListener("change", () => set({ tag: tags.value }));

  function draw() {
    const active = model.get("filter");
    const buttons = model.get("counts").map(([name, label, count]) => {
      const button = node("button", { type: "button", "aria-pressed": String(name === active) }, [
        label,
        node("span", { class: "llmops-count" }, count),
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

  const element = node("div", { class: "llmops-toolbar" }, [filters, tags, search, shown, help]);
  return { element, draw, focusSearch: () => search.focus() };
}

// --- the reading pane: one result in full, and what to do with it ----------------------------

function makeReader(model, send, drafts) {
  const text = node("div", { class: "llmops-reader" });
  const status = node("p", { class: "llmops-message", role: "status", "aria-live": "polite" });
  const actions = node("div", { class: "llmops-actions" });
  const foot = node("footer", {}, [actions, status]);
  const element = node("article", { "aria-label": "The result" }, [text, foot]);
  let expected = null;
  let drawn = null;
  let waiting = null;

  // Do it to the case at the cursor: at once, or as soon as that case has come from Python.
  function whenThere(act) {
    const isThere = model.get("detail").rank === model.get("cursor");
    waiting = isThere ? null : act;
    if (isThere) act();
  }

  function draw() {
    const detail = model.get("detail");
    foot.hidden = detail.position === undefined;
    if (foot.hidden) {
      text.replaceChildren(node("p", { class: "llmops-empty" }, "Nothing to read."));
      return;
    }
    const editing = expected === document.activeElement && drawn === detail.position;
    const caret = editing ? expected.selectionStart : 0;
    expected = makeEditor(detail);
    drawn = detail.position;
    drawActions(detail);
    text.replaceChildren(
      makeTitle(detail),
      ...(detail.error ? [node("p", { class: "llmops-error", dir: "auto" }, detail.error)] : []),
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
    if (waiting) whenThere(waiting);
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
      button.classList.toggle("llmops-primary", primary);
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

  const edit = () => whenThere(() => expected?.focus());
  const mark = () => whenThere(() => act("mark"));
  return { element, draw, announce, act, edit, mark, isWaiting: () => waiting !== null };
}

function makeTitle(detail) {
  const tags = detail.tags.map((tag) => node("span", { class: "llmops-tag", dir: "auto" }, tag));
  return node("header", {}, [
    node("span", { class: "llmops-badge", "data-state": detail.state }, detail.state),
    node("strong", { dir: "auto" }, detail.id),
    node("span", { class: "llmops-facts" }, detail.facts),
    ...tags,
  ]);
}

function makeScores(scores) {
  const rows = scores.map(({ name, value, passed, reason }) =>
    node("tr", { "data-state": passed === null ? "" : passed ? "passed" : "failed" }, [
      node("th", { scope: "row" }, name),
      node("td", { class: "llmops-number" }, value),
      node("td", { dir: "auto" }, reason),
    ]),
  );
  return node("table", {}, [node("tbody", {}, rows)]);
}

function grow(editor) {
  editor.style.height = "auto";
  editor.style.height = `${Math.min(editor.scrollHeight + 2, 320)}px`;
}

// --- keys --------------------------------------------------------------------------------------

function handleKey(event, parts) {
  const { model, set, toolbar, table, reader } = parts;
  if (event.key === "Escape") return table.focus(), true;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return reader.act("add"), true;
  if (event.target.matches("input, textarea, select")) return false;
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const step = stepOf(event, model, table);
  if (step !== null) {
    set({ cursor: step });
    table.focus();
    return true;
  }
  const actions = {
    m: reader.mark,
    e: reader.edit,
    "/": toolbar.focusSearch,
  };
  if (reader.isWaiting()) return true;
  if (!(event.key in actions)) return false;
  actions[event.key]();
  return true;
}

export default { render };

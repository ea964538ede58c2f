// Draws the traits of RunExplorer (run_explorer.py), which owns state and arithmetic.
// Follows _shared.js, which makes the table and the elements.

const KEYS = [
  ["j k ↑ ↓", "next, previous result"],
  ["Home End PgUp PgDn", "jump"],
  ["m", "mark"],
  ["u", "undo what was written"],
  ["e", "edit what was expected"],
  ["Ctrl Enter", "add the case to the golden set"],
  ["/", "search"],
  ["Esc", "back to the table"],
];

function render({ model, el }) {
  const kept = makeKept(model);
  const { set, send } = talkTo(model);

  const toolbar = makeToolbar(model, set);
  const table = makeTable(model, set);
  const reader = makeReader(model, send, kept);
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
  const stopWatching = watchKernel(model, root, send);

  const drawings = {
    "change:counts change:filter change:tag change:tags change:n_shown": toolbar.draw,
    "change:window change:n_shown change:columns change:sort": table.draw,
    "change:cursor": table.reveal,
    "change:detail": reader.draw,
    "change:message": reader.answered,
  };
  for (const [events, draw] of Object.entries(drawings)) model.on(events, draw);
  toolbar.draw();
  table.draw();
  reader.draw();
  if (kept.marked().length) send({ action: "remember", marked: kept.marked() });
  return () => {
    release();
    stopWatching();
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
  const help = makeHelp(KEYS);

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

function makeReader(model, send, kept) {
  const text = node("div", { class: "llmops-reader" });
  const status = node("p", { class: "llmops-message", role: "status", "aria-live": "polite" });
  const actions = node("div", { class: "llmops-actions" });
  const foot = node("footer", {}, [actions, status]);
  const element = node("article", { "aria-label": "The result" }, [text, foot]);
  const written = new Map();
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
    const editing = expected?.editor === document.activeElement && drawn === detail.position;
    const caret = editing ? expected.editor.selectionStart : 0;
    expected = makeEditor(detail);
    drawn = detail.position;
    drawActions(detail);
    text.replaceChildren(
      makeTitle(detail),
      ...(detail.error ? [node("p", { class: "llmops-error", dir: "auto" }, detail.error)] : []),
      part("Asked", textBlock(detail.input)),
      ...(detail.too_long ? [part("Expected", textBlock(detail.too_long))] : []),
      part(detail.too_long ? "Expect instead" : "Expected", expected.editor, expected.note),
      part("Answered", textBlock(detail.output, detail.error ? "No answer." : "")),
      ...(detail.scores.length ? [part("Scores", makeScores(detail.scores))] : []),
      part("The same in code", makeCode(detail)),
    );
    if (editing) {
      expected.editor.focus();
      expected.editor.setSelectionRange(caret, caret);
    } else {
      text.scrollTop = 0;
    }
    if (waiting) whenThere(waiting);
    announce();
  }

  // A draft stays a draft until it is written, whatever is read, run or opened meanwhile.
  function makeEditor(detail) {
    const editor = node("textarea", { rows: "3", dir: "auto", spellcheck: "false" });
    const note = node("span", {});
    const say = () => {
      const isDraft = kept.draft(detail.key) !== undefined;
      note.textContent = isDraft ? "your draft, not written yet" : detail.expected_note;
    };
    editor.setAttribute("aria-label", "What was expected");
    editor.value = kept.draft(detail.key) ?? written.get(detail.key) ?? detail.expected;
    editor.addEventListener("input", () => {
      kept.keep(detail.key, editor.value === detail.expected ? undefined : editor.value);
      written.delete(detail.key);
      say();
      grow(editor);
    });
    requestAnimationFrame(() => grow(editor));
    say();
    return { editor, note };
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
    const { position, key, marked } = model.get("detail");
    if (position === undefined) return;
    if (action === "mark") kept.mark(key, !marked);
    send({ action, position, expected: expected.editor.value });
  }

  // What Python answers to an action: a draft that was written is none any more, one that was
  // taken back is one again.
  function answered() {
    const { position, draft } = model.get("message");
    const { position: here, key } = model.get("detail");
    if (draft && position === here) {
      if (draft === "written") written.set(key, expected.editor.value);
      kept.keep(key, draft === "written" ? undefined : written.get(key));
      draw();
    } else announce();
  }

  function announce() {
    const { position, kind, text } = model.get("message");
    const isHere = position === model.get("detail").position;
    status.textContent = isHere ? (text ?? "") : "";
    status.dataset.kind = isHere ? (kind ?? "") : "";
  }

  const edit = () => whenThere(() => expected?.editor.focus());
  const mark = () => whenThere(() => act("mark"));
  const undo = () => whenThere(() => act("undo"));
  return { element, draw, answered, act, edit, mark, undo, isWaiting: () => waiting !== null };
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

// --- what is kept in this browser tab -------------------------------------------------------------

// Drafts and marks outlive the kernel and a reload, until the tab is closed. Results are named by
// hashes; a browser that keeps nothing, or no more, is as good as one that does till then.
function makeKept(model) {
  const name = `llmops-lab:${model.get("kept_as")}`;
  const state = read() ?? { drafts: {}, marked: {} };

  function read() {
    try {
      return JSON.parse(sessionStorage.getItem(name));
    } catch {
      return null;
    }
  }
  function change(part, key, value) {
    if (state[part][key] === value) return;
    if (value === undefined) delete state[part][key];
    else state[part][key] = value;
    try {
      sessionStorage.setItem(name, JSON.stringify(state));
    } catch {
      // It stays in `state`, as long as the widget is on the page.
    }
  }
  return {
    draft: (key) => state.drafts[key],
    keep: (key, text) => change("drafts", key, text),
    marked: () => Object.keys(state.marked),
    mark: (key, isMarked) => change("marked", key, isMarked ? true : undefined),
  };
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
    u: reader.undo,
    e: reader.edit,
    "/": toolbar.focusSearch,
  };
  if (reader.isWaiting()) return true;
  if (!(event.key in actions)) return false;
  actions[event.key]();
  return true;
}

export default { render };

// What every widget of ours is made of: a table that draws a window of rows, and elements.
// A widget's module is this file followed by its own (see _page.py).
// Texts of traces are untrusted: they reach the page by textContent or value only.

const ROW_PX = 30;
const SPARE_ROWS = 60;
let tablesMade = 0;

// --- the table: a window of rows, more asked for while scrolling -----------------------------

function makeTable(model, set) {
  const head = node("div", { class: "llmops-head", role: "row", "aria-rowindex": "1" });
  const body = node("div", { class: "llmops-body", role: "rowgroup" });
  const empty = node("p", { class: "llmops-empty" });
  const id = `llmops-table-${++tablesMade}`;
  const element = node("div", { class: "llmops-table", role: "grid", tabindex: "0" }, [
    node("div", { role: "rowgroup", class: "llmops-headgroup" }, [head]),
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
    const line = node("div", { role: "row", id: `${id}-${rank}`, class: "llmops-row" });
    line.style.transform = `translateY(${rank * ROW_PX}px)`;
    line.setAttribute("aria-rowindex", String(rank + 2));
    line.setAttribute("aria-selected", String(chosen));
    if (row) {
      line.dataset.state = row.state;
      line.classList.toggle("llmops-marked", Boolean(row.marked));
      line.classList.toggle("llmops-written", Boolean(row.written));
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
  return `llmops-cell llmops-${name === "state" ? "state" : numeric ? "number" : "text"}`;
}

function width({ name, numeric, wide }) {
  if (name === "state") return "28px";
  if (wide) return "minmax(120px, 1fr)";
  if (numeric) return "72px";
  return name === "id" ? "minmax(72px, 150px)" : "minmax(48px, 92px)";
}

// --- a text in full ---------------------------------------------------------------------------

function part(title, content, note) {
  const heading = node("h4", {}, [title, node("span", {}, note ?? "")]);
  return node("section", {}, [heading, content]);
}

function textBlock(text, otherwise = "") {
  const block = node("div", { class: "llmops-block", dir: "auto" }, text || otherwise);
  block.classList.toggle("llmops-none", !text);
  return block;
}

function makeCode(detail) {
  const copy = node("button", { type: "button", class: "llmops-copy" }, "Copy");
  copy.addEventListener("click", async () => {
    // Without https there is no clipboard to write to; the selected text can be copied.
    const code = copy.parentElement.querySelector("pre");
    getSelection().selectAllChildren(code);
    await navigator.clipboard?.writeText(detail.code);
    copy.textContent = navigator.clipboard ? "Copied" : "Selected";
  });
  return node("div", { class: "llmops-code" }, [node("pre", {}, detail.code), copy]);
}

// What the keys do; Escape closes it.
function makeHelp(keys) {
  const summary = node("summary", { title: "Keys", "aria-label": "Keys" }, "?");
  const lines = keys.flatMap(([key, does]) => [node("dt", {}, key), node("dd", {}, does)]);
  const help = node("details", { class: "llmops-help" }, [summary, node("dl", {}, lines)]);
  help.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !help.open) return;
    help.open = false;
    summary.focus();
    event.preventDefault();
    event.stopPropagation();
  });
  return help;
}

// --- keys --------------------------------------------------------------------------------------

// Where the cursor goes with this key, or null for another key.
function stepOf(event, model, table) {
  const total = model.get("n_shown");
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
  if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return null;
  return Math.max(0, Math.min(total - 1, model.get("cursor") + steps[event.key]));
}

// JupyterLab acts on keys before a page element sees them, or on those that it lets pass. Within
// the widget it leaves plain keys and Ctrl+Enter alone; other chords, as Ctrl+S, stay JupyterLab's.
// It looks at the focused element first, so that one has to say so: else "d d" deletes the cell.
function keepKeysFromJupyterLab(root) {
  const decide = (event) => {
    if (!root.contains(event.target)) return;
    const isChord = (event.ctrlKey || event.metaKey) && event.key !== "Enter";
    event.target.toggleAttribute("data-lm-suppress-shortcuts", !isChord);
  };
  window.addEventListener("keydown", decide, true);
  return () => window.removeEventListener("keydown", decide, true);
}

// What the page says to Python. Where the kernel was restarted there is nobody to say it to, which
// JupyterLab answers with an exception; `watchKernel` tells the person.
function talkTo(model) {
  const attempt = (say) => {
    try {
      say();
      return true;
    } catch {
      return false;
    }
  };
  const set = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    return attempt(() => model.save_changes());
  };
  const send = (content, buffers) => attempt(() => model.send(content, undefined, buffers));
  return { set, send };
}

// Says where no kernel answers: in a notebook that was saved and only opened, and later when the
// kernel is busy or gone. It is asked when the widget is drawn and while somebody uses it, one
// question at a time.
const ANSWER_MS = 2000;
const ASK_AGAIN_MS = 5000;
const AS_SAVED =
  "No kernel answers yet: it is busy, or this is the widget as it was saved. " +
  "Run this cell to work with it.";
const NO_ANSWER =
  "The kernel does not answer: it is busy, or gone. What you wrote here is kept; " +
  "if the kernel was restarted, run this cell again.";

function watchKernel(model, root, send) {
  const note = node("p", { class: "llmops-away", role: "status", hidden: "" });
  let wait = 0;
  let askedAt = -Infinity;
  root.prepend(note);

  function ask() {
    if (wait || performance.now() - askedAt < ASK_AGAIN_MS) return;
    askedAt = performance.now();
    const isSaid = send({ action: "hello" });
    wait = setTimeout(silent, isSaid ? ANSWER_MS : 0);
  }
  function silent() {
    wait = 0;
    note.textContent = root.dataset.kernel ? NO_ANSWER : AS_SAVED;
    note.hidden = false;
    if (root.dataset.kernel) root.dataset.kernel = "away";
  }
  function heard() {
    clearTimeout(wait);
    wait = 0;
    note.hidden = true;
    root.dataset.kernel = "here";
  }
  const used = ["keydown", "pointerdown"];
  for (const name of used) root.addEventListener(name, ask, true);
  model.on("msg:custom", heard);
  ask();
  return () => {
    clearTimeout(wait);
    model.off("msg:custom", heard);
  };
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
  if (focused !== undefined) (again ?? parent.firstElementChild)?.focus();
}

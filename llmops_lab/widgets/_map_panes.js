// What stands beside the map: the groups, and what is chosen in full. Part of map_explorer.js.

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

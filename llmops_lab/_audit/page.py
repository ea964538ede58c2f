"""A document of sections as Markdown, and as one HTML page that loads nothing."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from llmops_lab._display import Cell, Table, markdown_text

# Nothing on the page may load or run anything, whatever a text in it says.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root{color-scheme:light dark;--ink:#1f2328;--dim:#59636e;--line:#d1d9e0;--page:#fff;--wash:#f6f8fa;
--pass:#1a7f37;--fail:#cf222e;--inconclusive:#9a6700}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9198a1;--line:#3d444d;--page:#0d1117;
--wash:#151b23;--pass:#3fb950;--fail:#f85149;--inconclusive:#d29922}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:60rem;
margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2rem 0 .5rem;padding-top:.5rem;
border-top:1px solid var(--line)}h3{font-size:1rem;margin:1rem 0 .25rem}
p{margin:.4rem 0}.dim{color:var(--dim)}table{border-collapse:collapse;margin:.5rem 0}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--line);
overflow-wrap:break-word;font-variant-numeric:tabular-nums}
th{color:var(--dim);font-weight:600;white-space:nowrap}
td small{display:block;color:var(--dim)}
.pass,.fail,.inconclusive{font-weight:600;white-space:nowrap}.pass{color:var(--pass)}.fail{color:var(--fail)}
.inconclusive{color:var(--inconclusive)}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--wash);padding:.75rem;
border:1px solid var(--line);border-radius:6px;font-size:12.5px}
@media print{:root{color-scheme:light;--ink:#000;--dim:#444;--line:#999;--page:#fff;--wash:#fff;
--pass:#000;--fail:#000;--inconclusive:#000}body{margin:0;max-width:none;font-size:10.5pt}
h2,h3{break-after:avoid}tr,pre{break-inside:avoid}thead{display:table-header-group}}
"""
_OUTCOMES = {"pass", "fail", "inconclusive"}


@dataclass(frozen=True)
class Section:
    """A heading, and under it sentences, tables and texts to show as they are."""

    title: str
    says: Sequence[str] = ()
    tables: Sequence[Table] = ()
    texts: Sequence[str] = ()


def as_markdown(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """The document in GitHub's Markdown; every text in it is escaped."""
    lines = [f"# {markdown_text(title)}", "", markdown_text(subtitle), ""]
    for section in sections:
        lines += [f"## {markdown_text(section.title)}", ""]
        for sentence in section.says:
            lines += [f"- {markdown_text(sentence)}"]
        lines += [""] if section.says else []
        for table in section.tables:
            lines += [table.markdown(), ""]
        for text in section.texts:
            # Four spaces make a block that no line of the text can end.
            lines += [*(f"    {line}" for line in text.splitlines()), ""]
    return "\n".join(lines)


def as_page(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """The document as an HTML page that stands alone, for light, dark and paper."""
    escape = html.escape
    body = "".join(_section(section) for section in sections)
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(title)}</h1><p class='dim'>{escape(subtitle)}</p>{body}"
        "</main></body></html>\n"
    )


def _section(section: Section) -> str:
    says = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in section.says)
    tables = "".join(map(_table, section.tables))
    texts = "".join(f"<pre>{html.escape(text)}</pre>" for text in section.texts)
    return f"<section><h2>{html.escape(section.title)}</h2>{says}{tables}{texts}</section>"


def _table(table: Table) -> str:
    escape = html.escape
    names = "".join(f"<th scope='col'>{escape(name)}</th>" for name in table.columns)
    head = f"<thead><tr>{names}</tr></thead>" if any(table.columns) else ""
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    notes = "".join(f"<p>{escape(note)}</p>" for note in (*table.callouts, *table.notes))
    above = f"<h3>{escape(table.title)}</h3>" if table.title else ""
    under = f"<p class='dim'>{escape(table.subtitle)}</p>" if table.subtitle else ""
    return f"{above}{under}<table>{head}<tbody>{rows}</tbody></table>{notes}"


def _cell(cell: str | Cell) -> str:
    plain = cell if isinstance(cell, Cell) else Cell(cell)
    mark = f" class='{plain.text}'" if plain.text in _OUTCOMES else ""
    detail = f"<small>{html.escape(plain.detail)}</small>" if plain.detail else ""
    return f"<td{mark}>{html.escape(plain.text)}{detail}</td>"

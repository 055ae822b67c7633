"""A dossier as a page: no script, nothing fetched, prints to a clean PDF; the same JSON gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from twin.evidence.canonical import to_base64
from twin.evidence.dossier.words import LANGUAGES, WORDS, say, shown

_STYLE = """
@page { size: A4; margin: 18mm 15mm; @bottom-right { content: counter(page) " / " counter(pages); font-size: 8pt; } }
* { box-sizing: border-box; }
body { font: 10pt/1.45 "Helvetica Neue", Arial, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; color: #1f2933;
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin: 1.8rem 0 .4rem; break-after: avoid; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; font-size: 8.5pt; }
th, td { border-bottom: 1px solid #d5dbe1; padding: .2rem .4rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
th { border-bottom: 2px solid #39424e; font-weight: 600; }
tbody th { border-bottom: 1px solid #d5dbe1; width: 30%; }
tr { break-inside: avoid; } thead { display: table-header-group; }
a { color: inherit; text-decoration-color: #9fb3c8; } td > a { white-space: nowrap; } .note { color: #52606d; }
.state { font-size: 8.5pt; font-weight: 700; padding: .1rem .4rem; border: 1px solid; border-radius: .2rem;
  white-space: nowrap; }
.s0 { color: #0b6b3a; } .s1 { color: #8a5a00; } .s2 { color: #a61b1b; } .s3 { color: #52606d; }
.verdict { border: 2px solid; padding: .6rem .8rem; margin: 1rem 0; break-inside: avoid; }
p { break-after: avoid; } ul { padding-left: 1.2rem; }
img { max-width: 100%; height: auto; } .origins { break-before: page; }
code { font-size: 8.5pt; overflow-wrap: anywhere; }
@media print { body { margin: 0; max-width: none; padding: 0; } a { text-decoration: none; } }
"""
#: Nothing is fetched and nothing acts, whatever the data hold.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_RANK = {"DEMONSTRATED": 0, "PARTLY": 1, "NOT DEMONSTRATED": 2, "NOT APPLICABLE": 3}


def render(dossier: Mapping[str, Any], language: str) -> str:
    """Give the page in a language."""
    conclusion = dossier["conclusion"]
    sections = dossier["sections"]
    lines = [
        "<!doctype html>",
        f'<html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{escape(say('dossier', language))}: {escape(dossier['title'])}</title>",
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>{escape(dossier['title'])}</h1>",
        f"<p>{say('dossier', language)} · {say(dossier['status'], language)}"
        f" · <code>{escape(dossier['id'])}</code></p>",
        f'<p class="note">{say("synthetic", language)}</p>',
        *_verdict(sections, conclusion, language),
        f"<h2>{say('contents', language)}</h2>",
        "<table><tbody>",
    ]
    for name, section in sections.items():
        required = say("required", language) if name in conclusion["required"] else ""
        title = f'<a href="#{name}">{name} {say(name, language)}</a>'
        state = "" if name in ("D23", "D24") else _state(section["state"], language)
        lines.append(f"<tr><td>{title}</td><td>{state}</td><td>{required}</td></tr>")
    lines.append("</tbody></table>")
    for name, section in sections.items():
        lines += _section(name, section, dossier, language)
    lines += [f'<div class="origins"><h2>{say("origins", language)}</h2><table><thead><tr>']
    lines += [f"<th>{head}</th>" for head in ("", say("run", language), "dataset", say("source", language))]
    lines.append("</tr></thead><tbody>")
    for number, origin in enumerate(dossier["origins"]):
        cells = "".join(f"<td><code>{escape(origin[key])}</code></td>" for key in ("run", "dataset", "formula"))
        lines.append(f'<tr id="o{number}"><td>{number}</td>{cells}</tr>')
    lines += ["</tbody></table></div></body></html>", ""]
    return "\n".join(lines)


def _verdict(sections: Mapping[str, Any], conclusion: Mapping[str, Any], language: str) -> list[str]:
    section, colour = sections["D23"], "s0" if conclusion["adequate"] else "s2"
    first, *rest = section["why"]
    items = "".join(f"<li>{_gate(why, sections, language)}</li>" for why in rest)
    return [f'<div class="verdict {colour}"><strong>{_reason(first, language)}</strong><ul>{items}</ul></div>']


def _gate(why: Mapping[str, Any], sections: Mapping[str, Any], language: str) -> str:
    """A section that keeps the whole from being adequate: a link to it, its state, and its own reasons."""
    if why["key"] != "gate":
        return _reason(why, language)
    name = str(why["section"])
    own = "; ".join(_reason(one, language) for one in sections[name]["why"])
    link = f'<a href="#{name}">{name} {say(name, language)}</a>'
    return f"{link}: {_state(why['state'], language)} {own}"


def _section(name: str, section: Mapping[str, Any], dossier: Mapping[str, Any], language: str) -> list[str]:
    state = "" if name in ("D23", "D24") else f" {_state(section['state'], language)}"
    lines = [f'<h2 id="{name}">{name} {say(name, language)}{state}</h2>']
    if section["why"]:
        lines.append("<ul>" + "".join(f"<li>{_reason(why, language)}</li>" for why in section["why"]) + "</ul>")
    if name == "D6":
        picture = to_base64(str(dossier["flowsheet"]).encode())  # as a picture, whatever it holds cannot act
        lines.append(f'<img alt="{say("D6", language)}" src="data:image/svg+xml;base64,{picture}">')
    if section["facts"]:
        lines.append("<table><tbody>")
        for label, value in section["facts"]:
            shown = _cell(value, language) or f'<span class="note">{say("blank", language)}</span>'
            lines.append(f"<tr><th>{say(label, language)}</th><td>{shown}</td></tr>")
        lines.append("</tbody></table>")
    for table in section["tables"]:
        if table["title"]:
            lines.append(f"<p>{say(table['title'], language)}</p>")
        heads = "".join(f"<th>{say(column, language)}</th>" for column in table["columns"])
        lines.append(f"<table><thead><tr>{heads}</tr></thead><tbody>")
        for row in table["rows"]:
            lines.append("<tr>" + "".join(f"<td>{_cell(cell, language)}</td>" for cell in row) + "</tr>")
        lines.append("</tbody></table>")
    return lines


def _reason(why: Mapping[str, Any], language: str) -> str:
    """A sentence; each number in it leads to its origin, and a section's name to the section with its reasons."""
    text = escape(WORDS[why["key"]][LANGUAGES.index(language)])
    arguments = {name: _argument(value, language) for name, value in why.items() if name != "key"}
    return text.format(**arguments)


def _argument(value: Any, language: str) -> str:
    text = escape(str(shown(value, language)))
    return f'<a href="#o{int(value["o"])}">{text}</a>' if isinstance(value, dict) else text


def _state(state: str, language: str) -> str:
    return f'<span class="state s{_RANK[state]}">{say(state, language)}</span>'


def _cell(cell: Any, language: str) -> str:
    if isinstance(cell, list):  # the ends of an interval
        return " … ".join(_cell(part, language) for part in cell)
    if isinstance(cell, dict) and "k" in cell:
        return escape(say(cell["k"], language))
    if isinstance(cell, dict):
        value = cell["v"]
        text = f"{value:.6g}" if isinstance(value, float) else str(value)
        return f'<a href="#o{int(cell["o"])}">{escape(text)}</a>'
    return escape(str(cell))

"""A strict reading of Mermaid texts, as gcscope writes them."""

import re

from gcscope.render.boxes import arrow_lines, box_lines, group_lines, picture_lines
from gcscope.render.mermaid import MOST_TEXT, mermaid_of

# What may stand as it is: letters, digits, what is not ASCII, and a few that mean nothing. The rest
# is #number;
TEXT = r"(?:[A-Za-z0-9 ,']|[^\x00-\x7f\ufb02\xb6]|#\d+;)*"


LABEL = rf'"({TEXT}(?:<br/>{TEXT})*)"'


NAME = r"(?:box|text|group)\d+|title"


STYLE = r"(?:fill|stroke|color|stroke-width|stroke-dasharray):[#\w ]+"


LINES = {
    "settings": re.compile(r'%%\{init: \{"flowchart": \{"wrappingWidth": \d+\}\}\}%%'),
    "kind": re.compile("flowchart (?:TB|LR)"),
    "said": re.compile(rf"  acc(?:Title|Descr): ({TEXT})"),
    "box": re.compile(rf"  (?:  )?({NAME})(?:\[{LABEL}\]|\({LABEL}\)|\[\[{LABEL}\]\])"),
    "group": re.compile(r'  subgraph (group\d+) \[" "\]'),
    "end": re.compile("  end"),
    "arrow": re.compile(rf"  ({NAME}) (==>|-->|-\.->)(?:\|{LABEL}\|)? ({NAME})"),
    "unseen": re.compile(rf"  ({NAME}) ~~~ ({NAME})"),
    "look": re.compile(rf"  classDef (gc\w+) {STYLE}(?:,{STYLE})*"),
    "looks": re.compile(rf"  class ((?:{NAME})(?:,(?:{NAME}))*) (gc\w+)"),
    "cut": re.compile(r"  linkStyle (\d+(?:,\d+)*) stroke-width:3px"),
}


ORDER = re.compile(
    r"(settings )(kind )(said ){2}(box )(group (box )+end )*(box )*(arrow )*(unseen )*(look "
    r")+(looks )+(cut )?"
)


def lines_of(label):
    lines = label.split("<br/>")
    return [re.sub(r"#(\d+);", lambda number: chr(int(number[1])), line) for line in lines]


def read(text):
    """Read a text line by line: the kind of each with what was found in it."""
    assert text.endswith("\n") and len(text) <= MOST_TEXT
    found = []
    for line in text[:-1].split("\n"):
        kinds = [(kind, match) for kind, one in LINES.items() if (match := one.fullmatch(line))]
        assert len(kinds) == 1, line[:300]
        found.append(kinds[0])
        if '"' in line and kinds[0][0] != "settings":
            assert "direction " not in line
    assert ORDER.fullmatch("".join(f"{kind} " for kind, _ in found))
    return found


def check(drawn):
    """Compare every string, box and arrow of a picture with its text."""
    found = read(mermaid_of(drawn))
    boxes = {
        match[1]: lines_of(match[2] or match[3] or match[4] or "")
        for kind, match in found
        if kind == "box"
    }
    arrows = [match for kind, match in found if kind == "arrow"]
    assert boxes.pop("title") == (picture_lines(drawn) or [" "])
    for number, group in enumerate(drawn.groups):
        assert boxes.pop(f"text{number}") == (group_lines(group) or [" "])
    name = {one.key: f"box{number}" for number, one in enumerate(drawn.boxes)}
    assert boxes == {name[one.key]: box_lines(one) or [" "] for one in drawn.boxes}
    for match, one in zip(arrows, drawn.arrows, strict=True):
        assert (match[1], match[4]) == (name[one.source], name[one.target])
        assert (lines_of(match[3]) if match[3] is not None else []) == arrow_lines(one)
        assert (match[2] == "-.->") >= one.is_cut
    cuts = [str(number) for number, one in enumerate(drawn.arrows) if one.is_cut]
    assert [match[1].split(",") for kind, match in found if kind == "cut"] == (
        [cuts] if cuts else []
    )
    looked = [name for kind, match in found if kind == "looks" for name in match[1].split(",")]
    assert sorted(looked) == sorted(
        [*boxes, "title", *(f"text{i}" for i in range(len(drawn.groups)))]
    )
    assert {match[2] for kind, match in found if kind == "looks"} == {
        match[1] for kind, match in found if kind == "look"
    }

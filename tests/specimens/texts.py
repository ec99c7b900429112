"""Texts that mean something to Graphviz, Mermaid, Markdown, HTML or a terminal, and any others."""

from hypothesis import strategies as st

NASTY = [
    *('"', "\\", "\\N\\G\\L\\E\\T\\H", "\\l\\r\\n", "ends in \\", '\\"'),
    *(
        "<b>x</b>",
        "<",
        "&lt;",
        "&amp;amp;",
        "&#34;",
        "&",
        "#35;",
        "fa:fa-car",
        "direction TB",
        "1. x",
        "$$x$$",
    ),
    *(
        "{a|b}",
        "[0]",
        "a;b",
        "//x",
        "/*x*/",
        "#define",
        "->",
        "%%x",
        "end",
        "graph",
        "__x__",
        "*x*",
        "`x`",
    ),
    *(
        "\n",
        "\r\n",
        "\x00",
        "\x1b[31m",
        "\ud800",
        "\udfff\ud800",
        "\u202eevil",
        "\ufb02\xb0\xb0lt\xb6\xdf",
    ),
    *("שרה", "محمد", "😀👩‍👩‍👧", "王小明", "", " ", "   x   ", "    x", "\t"),
    *("x" * 10_000, '"' * 10_000),
]


texts = st.one_of(
    st.sampled_from(NASTY),
    st.lists(st.sampled_from(NASTY[:-2]), max_size=4).map("".join),
    st.text(st.characters(exclude_categories=()), max_size=60),
)

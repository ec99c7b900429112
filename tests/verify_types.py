"""Ask pyright whether each public word of the installed gcscope has its types and a docstring.

    python tests/verify_types.py

It is asked what a user's editor would ask, of what stands in site-packages. Words are those of
`gcscope.__all__`, with all that they have; what only gcscope itself uses is mypy's.
"""

import json
import subprocess
import sys

import gcscope

HOMES = {f"gcscope.{home}.{word}" for word, home in gcscope._HOMES.items()}
HOMES |= {f"gcscope.{word}" for word in gcscope.__all__}


def is_public(name):
    """Whether a symbol is a public word, or one of its attributes or parameters."""
    return any(name == home or name.startswith(f"{home}.") for home in HOMES)


def faults(symbols):
    """Write what is wrong, and where, as lines."""
    for symbol in symbols:
        if not is_public(symbol["name"]):
            continue
        if not symbol["isTypeKnown"] or symbol["isTypeAmbiguous"]:
            texts = {diagnostic["message"] for diagnostic in symbol["diagnostics"]}
            yield f"{symbol['name']}: {' '.join(sorted(texts))}"


def main():
    """Print what is wrong; the exit code tells whether anything is."""
    command = [sys.executable, "-m", "pyright", "--verifytypes", "gcscope", "--ignoreexternal"]
    ran = subprocess.run([*command, "--outputjson"], capture_output=True, text=True)
    try:
        symbols = json.loads(ran.stdout)["typeCompleteness"]["symbols"]
    except (ValueError, KeyError):
        raise SystemExit(f"pyright could not run:\n{ran.stdout}{ran.stderr}") from None
    public = sum(is_public(symbol["name"]) for symbol in symbols)
    wrong = list(faults(symbols))
    print(*wrong, f"{public} public symbols, {len(wrong)} without their types", sep="\n")
    raise SystemExit(bool(wrong) or public < len(gcscope.__all__))


if __name__ == "__main__":
    main()

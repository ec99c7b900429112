"""Shells complete the command line: typed into a real one, on a terminal, with the tab key."""

import os
import pty
import re
import select
import shutil
import subprocess
import time

import pytest

pytest.importorskip("shtab", reason="needs the extra completion")

# what is typed before the tab, and the arguments that the command is then called with
CASES = {
    "a command": ("sho", ["show"]),
    "an option": ("show --so", ["show", "--sort"]),
    "a choice": ("show --sort by", ["show", "--sort", "bytes"]),
    "a record": ("show bef", ["show", "before.json"]),
    "the second record": ("diff x.json bef", ["diff", "x.json", "before.json"]),
    "the second file to merge": ("merge x.json bef", ["merge", "x.json", "before.json"]),
    "a signal to report on": ("run --report-on SIGT", ["run", "--report-on", "SIGTERM"]),
    "a program": ("run pro", ["run", "program.py"]),
    "a program after options": ("run -q pro", ["run", "-q", "program.py"]),
    "a directory": ("run --under fol", ["run", "--under", "folder"]),
    "a file to write": ("show x.json -o dra", ["show", "x.json", "-o", "drawn.svg"]),
    "an option of audit": ("audit json --pro", ["audit", "json", "--prove"]),
}
SHELLS = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        "PS1=; bind 'set bell-style none'; bind 'set enable-bracketed-paste off'",
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        "PS1=; unsetopt prompt_cr beep; autoload -U compinit; compinit -u -D",
    ),
}


def ask(shell, lines, patience=20):
    """Type lines into a shell on a terminal; return what it writes until "the end" comes."""
    words, begin = SHELLS[shell]
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "dumb" if shell == "zsh" else "xterm", "HISTFILE": ""}
    process = subprocess.Popen(
        words, stdin=follower, stdout=follower, stderr=follower, env=environment,
        start_new_session=True,
    )  # fmt: skip
    os.close(follower)
    seen = b""

    def wait_for(text):
        nonlocal seen
        until = time.monotonic() + patience
        while text not in seen:
            assert select.select([leader], [], [], max(0, until - time.monotonic()))[0], seen
            seen += os.read(leader, 65536)

    try:
        os.write(leader, f"{begin}; echo rea''dy\n".encode())
        wait_for(b"ready")
        for number, line in enumerate(lines):
            os.write(leader, line.encode())
            os.write(leader, f"\necho do''ne {number}\n".encode())
            wait_for(b"done %d" % number)
    finally:
        process.kill()
        process.wait()
        os.close(leader)
    return seen.decode()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_tab_key_completes(python, tmp_path, monkeypatch, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    for name in ("before.json", "program.py", "drawn.svg"):
        (tmp_path / name).write_text("")
    (tmp_path / "folder").mkdir()
    done = python("-m", "gcscope", "--print-completion", shell)
    assert done.code == 0 and done.err == "", done
    (tmp_path / "completion").write_text(done.out)
    monkeypatch.chdir(tmp_path)
    told = ask(
        shell,
        [
            "gcscope() { printf '<%s>' called \"$@\"; echo; }",
            'eval "$(cat completion)"',
            *(f"gcscope {typed}\t" for typed, _ in CASES.values()),
        ],
    )
    calls = re.findall(r"^<called>(.*?)/?>\r?$", told, flags=re.M)
    expected = ["><".join(["", *words])[1:] for _, words in CASES.values()]
    assert calls == expected, told


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "tcsh"])
def test_a_script_names_every_command(python, shell):
    from gcscope.cli.commands import COMMANDS

    done = python("-m", "gcscope", "--print-completion", shell)
    assert done.code == 0 and not [name for name in COMMANDS if name not in done.out], done


def test_without_shtab(python, tmp_path):
    (tmp_path / "shtab.py").write_text("raise ImportError")
    done = python("-m", "gcscope", "--print-completion", "bash", env={"PYTHONPATH": str(tmp_path)})
    assert (done.code, done.out) == (1, "") and done.err == (
        "gcscope: shtab writes the completion, and is not there: pip install "
        "'gcscope[completion]'\n"
    ), done


def test_nothing_else_loads_it(python):
    code = "import sys; from gcscope.cli.main import main; main(['audit', 'json']); "
    done = python("-c", code + "print('shtab' in sys.modules)")
    assert done.out.endswith("False\n"), done

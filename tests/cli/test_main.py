"""gcscope, as a user runs it: our own errors, and where it is written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gcscope.cli.commands import COMMANDS
from gcscope.cli.main import main
from programs import TWO, left, run
from specimens.records import RINGS
from support import PLAIN_ENV

# ---------------------------------------------------------------------------------- our own errors


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["run"], "gcscope run: error: run needs a program: "),
        (["run", "-m"], "gcscope run: error: run needs a program: "),
        (["run", "-c"], "gcscope run: error: run needs a program: "),
        (["run", "--bogus", "a.py"], "gcscope run: error: unrecognized arguments: --bogus\n"),
        (
            ["show", "a", "b"],
            "gcscope show: error: several files make one page: give --html OUT, or one FILE\n",
        ),
        (["diff", "a"], "gcscope diff: error: the following arguments are required: NEW\n"),
        (["shwo", "a"], "gcscope: error: there is no command 'shwo'; did you mean 'show'?\n"),
        (
            ["nonsense"],
            "gcscope: error: there is no command 'nonsense'; there are demo, run, show, diff, "
            "attach, merge, audit\n",
        ),
        (["--versoin"], "gcscope: error: unrecognized arguments: --versoin\n"),
        (["--print-completion", "csh"], "gcscope: error: argument --print-completion: invalid "),
    ],
)
def test_wrong_usage(python, tmp_path, arguments, error):
    """Of a command its own usage is told; the last line says what is wrong."""
    done = python("-m", "gcscope", *arguments, cwd=tmp_path)
    whose = error.partition(":")[0]
    assert done.code == 2 and done.out == "" and done.err.startswith(f"usage: {whose} "), done
    assert done.err.splitlines(keepends=True)[-1].startswith(error), done


def test_help_and_version(python):
    import gcscope

    done = python("-m", "gcscope", "--help")
    assert done.code == 0 and done.err == "", done
    for command in COMMANDS:
        assert re.search(rf"^    {command} +\w", done.out, flags=re.M), command
    assert python("-m", "gcscope").err == done.out  # a word is missing: which are there?
    done = python("-m", "gcscope", "--version")
    assert done.out == f"gcscope {gcscope.__version__}\n"


def test_the_script_is_the_module(python):
    """Installing gcscope brings a command of that name, beside the interpreter."""
    script = Path(sys.executable).with_name("gcscope")
    for arguments in (["--help"], ["nonsense"], ["run", "-c", "raise SystemExit(7)"]):
        done, module = python(script, *arguments), python("-m", "gcscope", *arguments)
        assert (done.code, done.out, done.err) == (module.code, module.out, module.err)


def test_main_can_be_called(capsys):
    main(["demo", "--people", "3"])
    assert "When reference counting breaks" in capsys.readouterr().out


def test_a_missing_module_is_as_under_plain_python(python):
    plain, done = python("-m", "no_such_module"), run(python, "-m", "no_such_module")
    assert (done.code, done.out, done.err) == (plain.code, plain.out, plain.err), done
    assert done.code == 1 and done.err.endswith("No module named no_such_module\n")


def test_a_module_that_says_so_itself_has_run(python):
    done = run(
        python,
        "-c",
        "import runpy\ntry: runpy.run_module('nosuch')\nexcept ImportError: raise SystemExit(5)",
    )
    assert done.code == 5 and "at its end" in done.err, done


@pytest.mark.parametrize(
    "arguments", [["program.py", "x"], ["-m", "json.tool"], ["-c", "pass"], ["-mjson.tool"]]
)
def test_a_program_without_the_word_run_is_told_of_it(python, tmp_path, arguments):
    done = python("-m", "gcscope", *arguments, cwd=tmp_path)
    words = " ".join(arguments[:1] if arguments[0] in ("program.py", "-mjson.tool") else arguments)
    assert done.code == 2 and done.out == "", done
    assert done.err.endswith(f"error: which command? To run a program: gcscope run {words}\n"), done


def test_a_file_without_a_command_is_told_of_one(python, tmp_path):
    (tmp_path / "before.json").write_text(RINGS.to_json())
    done = python("-m", "gcscope", "before.json", cwd=tmp_path)
    assert done.code == 2 and done.out == "", done
    assert done.err.endswith(
        "error: which command? To show what was kept: gcscope show before.json\n"
    ), done


# ----------------------------------------------------------------------------- where it is written


def shell(command, **env):
    words = ["bash", "-c", f"{command}; echo ${{PIPESTATUS[@]}}"]
    environment = {**os.environ, **PLAIN_ENV, **env}
    done = subprocess.run(
        words, capture_output=True, text=True, errors="replace", timeout=60, env=environment
    )
    *lines, codes = done.stdout.splitlines()
    return lines, codes.split(), done.stderr


def test_a_reader_that_has_seen_enough(tmp_path, script):
    many = RINGS.to_json().replace("a note", "a note " * 100_000)
    (tmp_path / "r").write_text(many)
    (tmp_path / "none").write_text(many.replace("0123456789abcdef", "x"))
    command = f"{sys.executable} -m gcscope"
    path = script(TWO + "print('theirs', flush=True)\n" + "ring()\n" * 20)
    for words in (f"show {tmp_path / 'r'}", f"show --format json {tmp_path / 'r'}"):
        assert shell(f"{command} {words} | head -n 1")[1:] == (["0", "0"], "")
    for words, code in ((f"diff {tmp_path / 'none'} {tmp_path / 'r'}", "0"), (f"run {path}", "0")):
        lines, codes, err = shell(f"{command} {words} 2>&1 | head -n 1")
        assert len(lines) == 1 and codes == [code, "0"] and err == "", (lines, codes, err)
    lines, codes, err = shell(
        f"{command} run --fail -o {tmp_path / 'o'} {path} 2>&1 | (read -r theirs; true)"
    )
    assert codes[-1] == "0" and err == "" and left(tmp_path / "o")[1] == 42
    # little enough to stay in the buffer until the end
    (tmp_path / "r").write_text(RINGS.to_json())
    for words in (
        f"show {tmp_path / 'r'}",
        f"show --format json {tmp_path / 'r'}",
        "demo --people 2",
    ):
        assert shell(f"(sleep 0.3; {command} {words}) | true")[1:] == (["0", "0"], ""), words
    closed = f"sleep 0.3; {command} run --fail {script(TWO)}"
    assert shell(f"({closed}) 2>&1 | true")[1:] == (["3", "0"], "")


def test_streams_that_are_closed(tmp_path, script):
    (tmp_path / "r").write_text(RINGS.to_json())
    command = f"{sys.executable} -m gcscope"
    path = script(TWO)
    for words, code in (
        (f"show {tmp_path / 'r'} >&-", "0"),
        (f"diff {tmp_path / 'r'} {tmp_path / 'r'} >&-", "0"),
        ("demo --people 2 >&-", "0"),
        ("show nosuch 2>&-", "1"),
        (f"run --fail {path} 2>&-", "3"),
        (f"run --fail -q -o {tmp_path / 'o'} {path} >&- 2>&- <&-", "3"),
        ("show - <&-", "1"),
    ):
        lines, codes, err = shell(f"{command} {words}")
        assert (lines, codes) == ([], [code]) and err.count("\n") <= (
            "<&-" in words and "2>&-" not in words
        ), words
    assert left(tmp_path / "o")[1] == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk(tmp_path, script):
    (tmp_path / "r").write_text(RINGS.to_json())
    command = f"{sys.executable} -m gcscope"
    for words in (f"show {tmp_path / 'r'} >/dev/full", "demo --people 2 >/dev/full"):
        assert shell(f"{command} {words}") == (
            [],
            ["1"],
            "gcscope: cannot write: No space left on device\n",
        )
    lines, codes, err = shell(f"{command} run -q -o /dev/full {script(TWO)}")
    assert codes == ["1"] and err.startswith(
        "gcscope: cannot write '/dev/full': No space left on device\ngcscope: at "
    )
    assert shell(f"{command} run --fail {script(TWO)} 2>/dev/full")[1:] == (["3"], "")


def test_poor_encodings(tmp_path, script):
    (tmp_path / "r").write_text(RINGS.to_json())
    for encoding in ("ascii", "latin-1"):
        for words in (f"show {tmp_path / 'r'}", "demo --people 2", f"run {script(TWO)} 2>&1"):
            lines, codes, err = shell(
                f"{sys.executable} -m gcscope {words}", PYTHONIOENCODING=encoding
            )
            assert codes == ["0"] and err == "" and any("  +> " in line for line in lines), (
                lines,
                err,
            )


def test_a_terminal(tmp_path):
    """On a real one of 40 columns: fitted and painted; without colour if that is not wanted."""
    import fcntl
    import pty
    import struct
    import termios

    (tmp_path / "r").write_text(RINGS.to_json())
    try:
        list(map(os.close, pty.openpty()))
    except OSError as error:
        pytest.skip(f"no terminal can be made here: {error}")

    def shown(**env):
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
        words = [sys.executable, "-m", "gcscope", "show", str(tmp_path / "r")]
        environment = {**os.environ, **PLAIN_ENV, "TERM": "xterm", **env}
        subprocess.run(
            words, stdout=follower, stderr=follower, env=environment, timeout=60, check=True
        )
        os.close(follower)
        data = b""
        try:
            while chunk := os.read(leader, 65536):
                data += chunk
        except OSError:
            pass  # all was read
        os.close(leader)
        return data.decode().replace("\r\n", "\n")

    painted, plain = shown(), shown(NO_COLOR="1")
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == plain != painted
    assert max(map(len, plain.split("\n"))) <= 40 and "\n  cause: " in plain
    assert shown(TERM="dumb") == plain and shown(NO_COLOR="1", FORCE_COLOR="1") == plain

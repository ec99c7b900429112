"""The one extension module; everything else is in pyproject.toml.

Switches, as environment variables set to 1:

  GCSCOPE_WERROR    a compiler warning is an error
  GCSCOPE_DEBUG     the rooms check their invariants after each stage, without optimisation
  GCSCOPE_SANITIZE  AddressSanitizer and UndefinedBehaviorSanitizer (preload libasan to use it)
  GCSCOPE_COVERAGE  count the lines that run, for gcov
  GCSCOPE_NO_INTERNALS  no private headers of the interpreter: the fallbacks of src/heap/interp.h
"""

import os
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup


def why_not_here() -> str | None:
    """Return why gcscope cannot be built for this interpreter; None where it can."""
    if sys.implementation.name != "cpython":
        return f"reads the heap of CPython, and {sys.implementation.name} has another one."
    if sys.platform == "win32":
        return "does not support Windows yet: use it in WSL, or see docs/how-to/install.md."
    if sys.maxsize < 2**32:
        return "supports 64-bit builds of CPython only."
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return why_not_free_threaded()
    return None


# The free-threaded builds whose private structs src/heap/interp_world.c reads.
FREE_THREADED = ((3, 14), (3, 15))


def why_not_free_threaded() -> str | None:
    """Return why gcscope cannot be built for this free-threaded interpreter; None where it can."""
    version = ".".join(map(str, sys.version_info[:2]))
    if sys.version_info[:2] not in FREE_THREADED:
        return (
            f"supports free-threaded builds of CPython 3.14 and 3.15, and this is {version}: "
            "use a build with the GIL."
        )
    if is_on("NO_INTERNALS"):
        return "needs the interpreter's private headers on free-threaded builds of CPython."
    headers = Path(sysconfig.get_path("include"), "internal")
    if not (headers / "pycore_interpframe_structs.h").is_file():
        return (
            f"needs the private headers of this free-threaded CPython {version}, which are not in "
            f"{headers}: install it with them."
        )
    return None


def is_on(switch: str) -> bool:
    """Tell whether a switch of the build is set."""
    return os.environ.get(f"GCSCOPE_{switch}", "0") not in ("", "0")


if (obstacle := why_not_here()) is not None:
    raise SystemExit(f"gcscope {obstacle}")


# The interpreter's own flags have -g, and what that writes is as large as the code: -g0, unless
# somebody looks inside.
compile_args = ["-g0", "-std=c11", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wshadow", "-O3"]
link_args: list[str] = []
macros: list[tuple[str, str | None]] = []
if is_on("WERROR"):
    compile_args.append("-Werror")
if is_on("DEBUG"):
    compile_args += ["-O0", "-g3"]
    macros.append(("GCSCOPE_DEBUG", None))
if is_on("SANITIZE"):
    sanitizers = [
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=undefined",
        "-fno-omit-frame-pointer",
        "-g",
    ]
    compile_args += [*sanitizers, "-O1"]
    link_args += sanitizers
if is_on("NO_INTERNALS"):
    macros.append(("GCSCOPE_NO_INTERNALS", None))
if is_on("COVERAGE"):
    compile_args += ["--coverage", "-O0", "-g"]
    link_args += ["--coverage"]

setup(
    ext_modules=[
        Extension(
            "gcscope._core",
            sources=sorted(str(path) for path in Path("src").rglob("*.c")),
            depends=sorted(str(path) for path in Path("src").rglob("*.h")),
            include_dirs=["src"],
            extra_compile_args=compile_args,
            extra_link_args=link_args,
            define_macros=macros,
        )
    ]
)

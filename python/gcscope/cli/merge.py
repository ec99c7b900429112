"""The command `merge`: put the files of many processes together."""

from __future__ import annotations

import sys

from gcscope.cli.files import Target, check_is_for_json
from gcscope.cli.show import print_record, read_record
from gcscope.cli.streams import complain
from gcscope.cli.trouble import EXIT_CODES, OUR_ERROR, Trouble
from gcscope.model.fold import fold
from gcscope.model.header import file_text, header_of_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from gcscope.model.header import Header
    from gcscope.model.record import Record


HELP = "put reports of many processes together: which rings have how many of them?"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the files."""
    parser.epilog = f"{EXIT_CODES}, for each file that is left out, too"
    parser.description = (
        "Put together what many processes told, form by form, by fingerprint: of reports, the sum "
        "of all, the largest ring of each form, and how many processes have it; of growths, each "
        "container where it grows fastest; of censuses, the sum. Files are of one process where "
        "host, pid and start in their headers are the same: the latest counts. A merged file may "
        "be merged again."
    )
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="a file of run -o, attach -o or to_json()"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument(
        "-o", "--output", metavar="OUT", help="write it as JSON, too; whole or not at all"
    )


def _read(names: list[str]) -> tuple[list[tuple[str, Record, Header | None]], list[str]]:
    """Read files; say in a line for each which cannot be read, and why."""
    files, troubles = [], []
    for name in names:
        try:
            record, header = read_record(name)
            files.append((name, record, header))
        except Trouble as trouble:
            troubles.append(str(trouble))
    return files, troubles


def run(options: argparse.Namespace) -> None:
    """Print what is merged, and exit with OUR_ERROR where a file was left out."""
    check_is_for_json(options.output)
    target = None if options.output is None else Target(options.output)
    if target is not None:
        target.check()
    files, troubles = _read(options.files)
    merged, left_out = fold(files)
    for trouble in (*troubles, *left_out):
        complain(trouble)
    if merged is None:
        raise Trouble("nothing to merge: no file is left")
    header = header_of_process()
    if target is not None:
        target.write(file_text(merged, header))
    print_record(merged, options.format, header)
    if troubles or left_out:
        sys.exit(OUR_ERROR)

"""Records without the keys of dicts."""

import gcscope
from gcscope.live.keys import _shown, without_keys
from gcscope.model.record import Record


def test_labels():
    for text, shown in {
        ".jobs['secret'].x[0]": ".jobs[*].x[0]",
        "['a'][\"it's\"]['x\\'y']": "[*][*][*]",
        "sys.modules['app'].users['ann@example.org']": "sys.modules['app'].users[*]",
        "drop .jobs['a[0]'] when done": "drop .jobs[*] when done",
        ".__dict__['odd name'][7]": ".__dict__[*][7]",
        "no key": "no key",
        "[<weakref to x.Y>]['open": "[<weakref to x.Y>]['open",
        "['a'": "['a'",
        "[": "[",
        "": "",
    }.items():
        assert _shown(text) == shown, text


class Kept:
    pass


def secrets(record):
    return "token-1234" in record.to_json() or "token-1234" in str(record)


def test_no_record_tells_a_key(quiet):
    kept = Kept()
    kept.by_name = {"token-1234": [kept], "other": {"token-1234": kept}}
    chain = gcscope.why_alive(kept.by_name["token-1234"])
    live, held = gcscope.cycles(kept), gcscope.holders(kept)
    del kept
    report = gcscope.garbage()
    for record in (chain, live, held, report):
        assert secrets(record)
        without = without_keys(record)
        assert not secrets(without)
        assert type(without) is type(record)
        assert Record.from_json(without.to_json()) == without
    assert without_keys(report).cycles[0].fingerprint == report.cycles[0].fingerprint
    assert without_keys(report).objects == report.objects


STORE = {"token-1234": []}


def test_growth(quiet):
    grown = gcscope.growth(STORE["token-1234"].append, 1, times=2, rounds=2)
    STORE["token-1234"].clear()
    assert secrets(grown)
    (grower,) = without_keys(grown).growers
    assert grower.path.endswith(".STORE[*]") and grower.fingerprint == grown.growers[0].fingerprint

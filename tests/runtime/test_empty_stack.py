"""EmptyStack: nothing is seen below, and all is as before when it is left."""

import gc
import os
import sys
import weakref

import pytest

from gcscope.api.empty_stack import EmptyStack


def depth():
    """How many calls are possible from here."""

    def deeper(n):
        try:
            return deeper(n + 1)
        except RecursionError:
            return n

    return deeper(1)


@pytest.fixture
def stack():
    return EmptyStack()


def test_nothing_is_below(stack):
    found = []
    assert stack.call(lambda: found.append(sys._getframe().f_back)) is None
    assert found == [None]
    below = sys._getframe().f_back
    assert below is not None and below.f_back is not None


def test_the_depth_is_that_of_an_empty_stack(stack):
    before, found = depth(), []
    assert stack.call(lambda: found.append(depth())) is None
    assert before + 5 < found[0] <= sys.getrecursionlimit()
    assert depth() == before
    again = []
    below = [lambda: again.append(depth())]
    for _ in range(7):  # not even one more, however deep we are
        below.append(lambda inner=below[-1]: inner())
    below[-1]()
    assert stack.call(below[0]) is None and again == [before - 8, found[0]]


def test_a_limit_that_the_program_changes_stays(stack):
    limit, before = sys.getrecursionlimit(), depth()
    try:
        assert stack.call(sys.setrecursionlimit, limit + 100) is None
        assert sys.getrecursionlimit() == limit + 100 and depth() == before + 100
        sys.setrecursionlimit(limit)
        assert stack.call(sys.setrecursionlimit, 20) is None
        assert sys.getrecursionlimit() == 20
        assert depth() == before  # there is room for us all the same
    finally:
        sys.setrecursionlimit(limit)
    assert depth() >= before


def test_errors_are_returned(stack):
    error = ValueError("x")

    def fail():
        raise error

    assert stack.call(fail) is error
    assert error.__traceback__.tb_frame.f_code is fail.__code__
    assert error.__traceback__.tb_next is None and error.__context__ is None
    code = compile("def f(): 1/0\nf()", "here", "exec")
    error = stack.run_code(code, {})
    assert type(error) is ZeroDivisionError
    assert error.__traceback__.tb_frame.f_code.co_filename == "here"
    assert error.__traceback__.tb_frame.f_back is None
    for end in (SystemExit(3), KeyboardInterrupt(), GeneratorExit()):

        def leave(end=end):
            raise end

        assert stack.call(leave) is end
    assert sys.exc_info() == (None, None, None)


def test_files(stack, tmp_path):
    (tmp_path / "x").write_text("import sys\nname = sys._getframe().f_code.co_filename\n")
    namespace = {"__builtins__": __builtins__}
    descriptor = os.open(tmp_path / "x", os.O_RDONLY)
    assert stack.run_file(descriptor, b"a name", namespace) is None
    assert namespace["name"] == "a name"
    with pytest.raises(OSError):
        os.fstat(descriptor)
    (tmp_path / "x").write_text("a b\n")
    error = stack.run_file(os.open(tmp_path / "x", os.O_RDONLY), b"a name", namespace)
    assert type(error) is SyntaxError and error.filename == "a name"
    with pytest.raises(OSError):
        stack.run_file(99_999, b"a name", namespace)


def test_it_nests(stack):
    found = []

    def inner():
        found.append(sys._getframe().f_back)
        assert EmptyStack().call(lambda: found.append(sys._getframe().f_back)) is None
        found.append(sys._getframe().f_back)

    assert stack.call(inner) is None and found == [None, None, None]


def test_what_it_is_given_is_checked(stack):
    for method, arguments in (
        (stack.call, ()),
        (stack.run_code, ("1", {})),
        (stack.run_code, (depth.__code__, [])),
        (stack.run_file, ("x", b"x", {})),
        (stack.run_file, (1, "x", {})),
    ):
        with pytest.raises(TypeError):
            method(*arguments)
    assert type(stack.call(7)) is TypeError


def test_trace_and_profile_functions_are_the_programs(stack):
    was = sys.gettrace(), sys.getprofile()
    events = []

    def trace(frame, event, arg):
        events.append((event, frame.f_code.co_name))

    def look():
        events.append((sys.gettrace() is trace, sys.getprofile() is profile))

    def profile(frame, event, arg):
        events.append(event)

    def program():
        sys.settrace(trace)
        sys.setprofile(profile)

    sys.settrace(None)
    sys.setprofile(None)
    try:
        assert stack.call(program) is None
        assert sys.gettrace() is None and sys.getprofile() is None and stack.has_tools
        events.clear()
        assert stack.call(look) is None  # with them
        assert (True, True) in events and ("call", "look") in events
        assert stack.has_tools and sys.gettrace() is None
        stack.resume_trace()
        assert sys.gettrace() is trace and sys.getprofile() is None
        stack.resume_tools()
        assert sys.getprofile() is profile and not stack.has_tools
    finally:
        sys.settrace(was[0])
        sys.setprofile(was[1])


@pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="new in 3.12")
def test_so_are_the_tools_of_monitoring(stack):
    tool, seen = sys.monitoring, []
    tool.use_tool_id(4, "x")
    try:
        tool.register_callback(4, tool.events.PY_START, lambda code, at: seen.append(code.co_name))
        assert stack.call(tool.set_events, 4, tool.events.PY_START) is None
        assert tool.get_events(4) == 0 and stack.has_tools
        depth()
        assert seen == []
        assert stack.call(depth) is None and "depth" in seen
        assert tool.get_events(4) == 0
        stack.resume_tools()
        assert tool.get_events(4) == tool.events.PY_START and not stack.has_tools
        assert stack.call(tool.set_events, 4, tool.events.PY_RETURN) is None
        assert stack.call(tool.free_tool_id, 4) is None  # with no events, and nothing is kept
        stack.resume_tools()
    finally:
        if tool.get_tool(4) is not None:
            tool.free_tool_id(4)


def test_nothing_is_kept():
    class Odd:
        def __call__(self, *_):
            return None

    was, stack, odd = sys.getprofile(), EmptyStack(), Odd()
    watched = weakref.ref(odd)
    assert stack.call(sys.setprofile, odd) is None
    sys.setprofile(was)
    odd.ring = stack  # through what it keeps
    del odd, stack
    assert watched() is not None
    gc.collect()
    assert watched() is None


def test_references_are_balanced(stack):
    word, arguments = "a word of its own", ({}, object())
    code, error = compile("1", "x", "exec"), ValueError()
    counts = [sys.getrefcount(each) for each in (word, *arguments, code, error, None)]

    def fail():
        raise error

    for _ in range(500):
        stack.call(word.upper)
        stack.call(arguments[0].get, arguments[1])
        stack.run_code(code, arguments[0])
        stack.call(fail)
        error.__traceback__ = None
    after = [sys.getrefcount(each) for each in (word, *arguments, code, error, None)]
    assert max(abs(a - b) for a, b in zip(after, counts, strict=True)) < 100

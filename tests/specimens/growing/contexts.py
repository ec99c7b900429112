"""What running code leaves: tasks, contexts, timers, frames, what belongs to a thread."""

import asyncio
import contextvars
import threading

from specimens.growing.cases import growing, numbers, twin

LOOP = asyncio.new_event_loop()
TASKS = set()
# A set of its own: how large the table of a set is hangs on where the objects were that left it.
LEAVING = set()


async def work():
    return f"result {next(numbers)}"


async def start(tasks, forget):
    task = asyncio.create_task(work())
    tasks.add(task)
    if forget:
        task.add_done_callback(tasks.discard)
    return await task


@growing(
    "contexts.TASKS",
    "set",
    source="https://github.com/BerriAI/litellm/pull/7737",
    beside=("*_tasks.data",),  # the weak set of all tasks
)
def tasks_that_are_done():
    return LOOP.run_until_complete(start(TASKS, forget=False))


@twin
def tasks_that_leave_when_done():
    return LOOP.run_until_complete(start(LEAVING, forget=True))


RUN = contextvars.ContextVar("run")


class Run:
    def __init__(self):
        self.number = next(numbers)
        self.workflow = {"steps": [f"step {n} of {self.number}" for n in range(5)]}


async def run(done):
    token = RUN.set(Run())
    loop = asyncio.get_running_loop()
    if done:
        RUN.reset(token)
    return loop.call_later(3600, print, "clean up")


@growing(
    "contexts.LOOP._scheduled",
    "list",
    source="https://github.com/run-llama/llama-agents/pull/486",
)
def contexts_that_timers_keep():
    LOOP.run_until_complete(run(done=False))


@twin
def timers_that_are_cancelled():
    LOOP.run_until_complete(run(done=True)).cancel()
    LOOP._scheduled.clear()


TOKENS = []
TENANT = contextvars.ContextVar("tenant")


@growing("contexts.TOKENS", "list")
def tokens_that_are_kept():
    """A token keeps the value of before, and the context."""
    TOKENS.append(TENANT.set(f"tenant {next(numbers)}"))


@twin
def tokens_that_are_used():
    token = TENANT.set(f"tenant {next(numbers)}")
    TENANT.reset(token)


LOCAL = threading.local()
LOCAL.entries = {}


@growing("contexts.LOCAL.entries", "dict", source="https://github.com/cherrypy/cherrypy/issues/496")
def entries_of_a_thread():
    number = next(numbers)
    LOCAL.entries[number] = {"request": number, "user": f"user {number}"}


@twin
def entries_of_a_thread_that_go():
    number = next(numbers)
    LOCAL.entries[number] = {"request": number, "user": f"user {number}"}
    LOCAL.entries.clear()


ERRORS = []


def fail(keep):
    payload = bytearray(2000)
    try:
        raise ValueError(f"request {next(numbers)} of {len(payload)} bytes")
    except ValueError as error:
        keep(error)


@growing("contexts.ERRORS", "list", source="https://github.com/python/mypy/issues/4807")
def errors_with_their_frames():
    fail(ERRORS.append)


@twin
def errors_that_are_told():
    said = []
    fail(lambda error: said.append(str(error)))
    return said


WAITING = []


def answers(number):
    lines = [f"line {n} of {number}" for n in range(3)]
    while lines:
        yield lines.pop()


@growing("contexts.WAITING", "list")
def generators_that_wait():
    waiting = answers(next(numbers))
    WAITING.append(waiting)
    return next(waiting)


@twin
def generators_that_are_closed():
    waiting = answers(next(numbers))
    try:
        return next(waiting)
    finally:
        waiting.close()


async def forever(number):
    await asyncio.Event().wait()
    return number


STARTED = {}


@growing("contexts.STARTED", "dict")
def coroutines_that_wait():
    number = next(numbers)
    STARTED[number] = waiting = forever(number)
    asyncio._set_running_loop(LOOP)
    try:
        waiting.send(None)
    finally:
        asyncio._set_running_loop(None)


@twin
def coroutines_that_are_closed():
    waiting = forever(next(numbers))
    asyncio._set_running_loop(LOOP)
    try:
        waiting.send(None)
    finally:
        asyncio._set_running_loop(None)
        waiting.close()

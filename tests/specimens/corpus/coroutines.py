"""Generators, coroutines, tasks."""

import asyncio
import email
import email.feedparser
import email.policy
import email.utils

from specimens.corpus.cases import COROUTINE, EXCEPTION, GENERATOR, REGISTRY, leaky, repaired


class Tree:
    def __init__(self):
        self.items = ["a", "b"]
        self.steps = self.walk()

    def walk(self):
        for item in self.items:
            yield item, self


@leaky(GENERATOR, ".steps")
def generator_on_the_object_it_walks():
    """A tree keeps its own traversal, stopped half way."""
    return next(Tree().steps)[0]


@repaired
def generator_closed():
    tree = Tree()
    try:
        return next(tree.steps)[0]
    finally:
        tree.steps.close()


@leaky(GENERATOR, "._parse")
def mail_parser_not_closed():
    """An email.feedparser.FeedParser is a generator kept by its own parser, until it is closed."""
    parser = email.feedparser.FeedParser()
    parser.feed("Subject: tea\n\nbody\n")


@repaired
def mail_parser_closed():
    parser = email.feedparser.FeedParser()
    parser.feed("Subject: tea\n\nbody\n")
    return parser.close()["subject"]


class Pause:
    def __await__(self):
        yield


class Process:
    def __init__(self):
        self.coroutine = self.run()
        self.coroutine.send(None)

    async def run(self):
        await Pause()
        return self


@leaky(COROUTINE, ".coroutine")
def process_waiting_for_itself():
    """A simulated process keeps the coroutine that acts it out, and is dropped while it waits."""
    return Process().coroutine.cr_running


@repaired
def process_stopped():
    process = Process()
    process.coroutine.close()
    return process.coroutine.cr_running


class Poller:
    def __init__(self):
        self.task = None

    async def poll(self):
        await asyncio.sleep(0)
        raise ConnectionError(self.__class__.__name__)


async def poll(keep):
    poller = Poller()
    poller.task = asyncio.create_task(poller.poll())
    await asyncio.wait([poller.task])
    message = str(poller.task.exception())
    if not keep:
        poller.task = None
    return message


@leaky(EXCEPTION, ".task", "local self")
def task_failed_on_its_object():
    """A service keeps the asyncio task that runs its own method.

    The task fails, and its exception has the frame.
    """
    return asyncio.run(poll(keep=True))


@repaired
def task_let_go_when_done():
    return asyncio.run(poll(keep=False))


class Listener:
    def __init__(self):
        self.task = asyncio.create_task(self.listen())

    async def listen(self):
        await asyncio.Event().wait()

    async def stop(self):
        self.task.cancel()
        await asyncio.wait([self.task])
        self.task = None


async def listen(stop):
    listener = Listener()
    await asyncio.sleep(0)
    if stop:
        await listener.stop()


@leaky(EXCEPTION, ".task", "local self", ".__traceback__.tb_frame")
def task_cancelled_by_the_end_of_its_loop():
    """A service never stops its background task.

    asyncio.run cancels it, and the CancelledError has its frame.
    """
    return asyncio.run(listen(stop=False))


@repaired
def task_stopped_and_cleared():
    return asyncio.run(listen(stop=True))


async def fail():
    raise ConnectionError("offline")


async def gather_errors(as_text):
    results = await asyncio.gather(fail(), fail(), return_exceptions=True)
    return [str(result) for result in results] if as_text else results


@leaky(
    EXCEPTION,
    "._result[*]",
    ".__traceback__.tb_frame",
    versions=(((3, 12), (3, 12, 2)), ((3, 13), (3, 13, 1))),
    reason=(
        "seen on 3.12.1 and 3.13.0, where a finished coroutine's frame has an f_back; gone in "
        "3.13.18 and 3.14"
    ),
)
def gathered_errors_are_the_result():
    """A main coroutine returns the errors it gathered.

    By f_back they keep the frame of asyncio.run, so its task.
    """
    return len(asyncio.run(gather_errors(as_text=False)))


@repaired
def gathered_errors_as_text():
    return len(asyncio.run(gather_errors(as_text=True)))


async def fail_in_a_group():
    count = 0
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
    except* ConnectionError as failed:
        count = len(failed.exceptions)
    return count


async def fail_in_a_task():
    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    return int(task.exception() is not None)


@leaky(
    EXCEPTION,
    "local me",
    ".__traceback__.tb_frame",
    versions=(((3, 11), (3, 12, 8)), ((3, 13), (3, 13, 1))),
    reason="from 3.12.8 and 3.13.1 on asyncio.TaskGroup lets go of what it raised",
)
def task_group_that_failed():
    """The method of asyncio.TaskGroup that raises the group of errors has it in a local."""
    return asyncio.run(fail_in_a_group())


@repaired
def task_awaited_alone():
    return asyncio.run(fail_in_a_task())


class Subscriber:
    def __init__(self):
        self.count = 0
        self.future = asyncio.get_running_loop().create_future()
        self.future.add_done_callback(self.done)

    def done(self, future):
        self.count += 1


async def subscribe(finish):
    subscriber = Subscriber()
    if finish:
        subscriber.future.cancel()
        await asyncio.sleep(0)
    return subscriber.count


@leaky(REGISTRY, ".future")
def future_with_own_callback():
    """A subscriber waits with its own method for a future that it holds, and that nobody ever
    completes.
    """
    return asyncio.run(subscribe(finish=False))


@repaired
def future_cancelled():
    return asyncio.run(subscribe(finish=True))


async def fail_a_future(drop):
    future = asyncio.get_running_loop().create_future()
    try:
        future.set_result(int("none"))
    except ValueError as error:
        future.set_exception(error)
    message = str(future.exception())
    if drop:
        del future
    return message


@leaky(EXCEPTION, "local future")
def async_future_failed_in_its_own_frame():
    """A coroutine makes a future, and fails it from its own except clause."""
    return asyncio.run(fail_a_future(drop=False))


@repaired
def async_future_dropped():
    return asyncio.run(fail_a_future(drop=True))

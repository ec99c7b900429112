"""Exceptions and frames."""

import concurrent.futures
import inspect
import sys

from specimens.corpus.cases import EXCEPTION, FRAME, leaky, repaired, requests


@leaky(EXCEPTION, "local last")
def retry_keeps_last_error():
    """A retry helper keeps the last exception in a local, to tell of it when every attempt has
    failed.
    """
    last = None
    for _ in range(3):
        try:
            return int("none")
        except ValueError as error:
            last = error
    return f"gave up: {last}"


@repaired
def retry_drops_last_error():
    last = None
    try:
        for _ in range(3):
            try:
                return int("none")
            except ValueError as error:
                last = error
        return f"gave up: {last}"
    finally:
        del last


class UsageError(Exception):
    def show(self):
        return len(self.args)


@leaky(EXCEPTION, "local report")
def error_told_outside_its_handler():
    """A command line keeps a method of the error to call it once the handler is done, as click's
    Command.main does.
    """
    report = None
    try:
        raise UsageError("no such option")
    except UsageError as error:
        report = error.show
    return report()


@repaired
def error_told_and_dropped():
    report = None
    try:
        raise UsageError("no such option")
    except UsageError as error:
        report = error.show
    try:
        return report()
    finally:
        del report


def load(data, drops):
    error = None
    if "name" not in data:
        error = UsageError("name is missing")
    try:
        if error is not None:
            raise error
        return data
    finally:
        if drops:
            del error


@leaky(EXCEPTION, "local error")
def error_made_then_raised():
    """A validator makes the error, then raises the variable, as marshmallow's Schema.load does."""
    try:
        load({}, drops=False)
    except UsageError:
        return "invalid"


@repaired
def error_raised_and_dropped():
    try:
        load({}, drops=True)
    except UsageError:
        return "invalid"


class Job:
    error = None

    def run(self):
        try:
            return int("none")
        except ValueError as error:
            self.error = error

    def run_keeping_message(self):
        try:
            return int("none")
        except ValueError as error:
            self.error = error.with_traceback(None)


@leaky(EXCEPTION, ".error", "local self", ".__traceback__.tb_frame")
def job_keeps_its_error():
    """A job object stores the exception of its own method, as task queues and test runners do."""
    Job().run()


@repaired
def job_keeps_its_error_without_traceback():
    Job().run_keeping_message()


@leaky(EXCEPTION, "local errors[*]", "local errors")
def errors_collected_for_a_group():
    """A validator collects errors in a local list before it raises them as an exception group."""
    errors = []
    for text in ("1", "two", "three"):
        try:
            int(text)
        except ValueError as error:
            errors.append(error)
    return len(ExceptionGroup("bad numbers", errors).exceptions)


@repaired
def errors_collected_and_cleared():
    errors = []
    try:
        for text in ("1", "two", "three"):
            try:
                int(text)
            except ValueError as error:
                errors.append(error)
        return len(ExceptionGroup("bad numbers", errors).exceptions)
    finally:
        errors.clear()


@leaky(EXCEPTION, "local group")
def exception_group_in_a_local():
    """A supervisor keeps the group that it caught to sort its parts later."""
    group = None
    try:
        raise ExceptionGroup("workers", [ValueError(1), KeyError(2)])
    except* ValueError as caught:
        group = caught
    except* KeyError:
        pass
    return group.message


@repaired
def exception_group_used_where_caught():
    message = None
    try:
        raise ExceptionGroup("workers", [ValueError(1), KeyError(2)])
    except* ValueError as caught:
        message = caught.message
    except* KeyError:
        pass
    return message


@leaky(EXCEPTION, "local failure")
def chained_exception_in_a_local():
    """A settings loader keeps the final exception, which has the first one as its __context__."""
    failure = None
    try:
        try:
            int("none")
        except ValueError:
            raise KeyError("port")
    except KeyError as error:
        failure = error
    return failure.args


@repaired
def chained_exception_read_where_caught():
    try:
        try:
            int("none")
        except ValueError:
            raise KeyError("port")
    except KeyError as error:
        return error.args


if requests is not None:

    class Offline(requests.adapters.BaseAdapter):
        def send(self, request, **kwargs):
            raise requests.ConnectionError("offline", request=request)

        def close(self):
            pass

    OFFLINE = requests.Session()
    OFFLINE.trust_env = False
    OFFLINE.mount("http://", Offline())


class Fetch:
    error = None

    def run(self):
        try:
            return OFFLINE.get("http://localhost/").text
        except requests.ConnectionError as error:
            self.error = error

    def run_keeping_request(self):
        try:
            return OFFLINE.get("http://localhost/").text
        except requests.ConnectionError as error:
            self.error = error.with_traceback(None)


@leaky(EXCEPTION, ".error", "local self", ".__traceback__.tb_frame", needs=("requests",))
def requests_error_kept_for_its_request():
    """A crawler's task keeps the ConnectionError of requests, to retry its e.request later."""
    Fetch().run()


@repaired
def requests_error_kept_without_traceback():
    Fetch().run_keeping_request()


class WorkItem:
    def __init__(self):
        self.future = concurrent.futures.Future()

    def run(self):
        try:
            self.future.set_result(int("none"))
        except ValueError as error:
            self.future.set_exception(error)

    def run_and_let_go(self):
        try:
            self.future.set_result(int("none"))
        except ValueError as error:
            self.future.set_exception(error)
            self = None


@leaky(EXCEPTION, "local self", ".future")
def work_item_fails_its_own_future():
    """A hand-made executor lets a work item hand its exception to its own future."""
    WorkItem().run()


@repaired
def work_item_lets_go_of_itself():
    """As concurrent.futures.thread has it, for this very reason."""
    WorkItem().run_and_let_go()


@leaky(EXCEPTION, "local future")
def future_failed_in_its_own_frame():
    """A synchronous client answers with a future that it makes and fails in one function."""
    future = concurrent.futures.Future()
    try:
        future.set_result(int("none"))
    except ValueError as error:
        future.set_exception(error)
    return future


@repaired
def future_failed_and_local_dropped():
    future = concurrent.futures.Future()
    try:
        future.set_result(int("none"))
        return future
    except ValueError as error:
        future.set_exception(error)
        return future
    finally:
        del future


@leaky(EXCEPTION, "local info[*]", "local info", "local info[*].tb_frame")
def exc_info_in_a_local():
    """A log call keeps the tuple of sys.exc_info() in a local until the record is made."""
    info = None
    try:
        int("none")
    except ValueError:
        info = sys.exc_info()
    return info[0].__name__


@repaired
def exc_info_dropped_in_finally():
    info = None
    try:
        int("none")
    except ValueError:
        info = sys.exc_info()
    try:
        return info[0].__name__
    finally:
        del info


@leaky(FRAME, "local frame")
def own_frame_in_a_local():
    """A warning helper takes sys._getframe() to learn the line number."""
    frame = sys._getframe()
    return frame.f_lineno


@repaired
def own_frame_deleted():
    frame = sys._getframe()
    try:
        return frame.f_lineno
    finally:
        del frame


@leaky(FRAME, "local stack[*]", "local stack")
def whole_stack_in_a_local():
    """A deprecation helper asks inspect.stack() who called it.

    The first entry is the helper itself.
    """
    stack = inspect.stack(context=0)
    return stack[0].function


@repaired
def whole_stack_deleted():
    stack = inspect.stack(context=0)
    try:
        return stack[0].function
    finally:
        del stack

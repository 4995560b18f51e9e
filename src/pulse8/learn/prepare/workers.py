"""Tasks to outcomes, in the order in which they are done: on this machine's processes, or on a dask cluster's."""

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from threading import Thread
from typing import Any, Final

from pulse8.errors import InputError, ToolchainError
from pulse8.learn.prepare.one_recording import Outcome, Task, prepare_recording

ATTEMPTS: Final = 2
"""How often a recording is tried whose worker was killed: once may be another one's memory, twice is its own."""

KILLED: Final = (
    "its worker was killed {count} times, probably for memory; give fewer --processes, or leave the recording out"
)
CONNECT_S: Final = 30


def prepare_here(tasks: Sequence[Task], processes: int) -> Iterator[Outcome]:
    """Prepare on processes of this machine; when one is killed the others' recordings are prepared all the same."""
    waiting, attempts = list(tasks), Counter[str]()
    while waiting:
        alone = bool(attempts)  # somebody was killed: from then on it is known who
        batch = waiting[:1] if alone else waiting
        waiting = waiting[len(batch) :]
        for task, outcome in _pooled(batch, 1 if alone else processes):
            name = task.found.recording
            if outcome is not None:
                yield outcome
                continue
            attempts[name] += 1
            if alone and attempts[name] >= ATTEMPTS:
                yield Outcome(recording=name, failed=KILLED.format(count=attempts[name]))
            else:
                waiting.append(task)


def _pooled(tasks: Sequence[Task], processes: int) -> Iterator[tuple[Task, Outcome | None]]:
    """Run tasks in one pool; each whose worker was killed, or that was waiting then, has ``None``.

    Workers are spawned: a fork would copy the threads' locks of ONNX Runtime and OpenCV.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(tasks)), mp_context=context, initializer=_end_with_parent) as pool:
        futures: dict[Future[Outcome], Task] = {pool.submit(prepare_recording, task): task for task in tasks}
        pending = set(futures)
        try:
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    yield futures[future], _outcome(future)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _end_with_parent() -> None:
    """End this worker when the process that started it is gone: one that was killed tells nobody, and it would wait."""
    parent = multiprocessing.parent_process()

    def end() -> None:
        if parent is not None:
            parent.join()
            os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=end, daemon=True).start()


def _outcome(future: "Future[Outcome]") -> Outcome | None:
    try:
        return future.result()
    except BrokenProcessPool:
        return None


def prepare_on_cluster(tasks: Sequence[Task], address: str) -> Iterator[Outcome]:
    """Prepare on the workers of a dask scheduler, which see the raw data and the store under the same paths.

    Raises
    ------
    ToolchainError
        dask.distributed is not installed.
    InputError
        There is no scheduler at that address.
    """
    try:
        from distributed import Client, KilledWorker, as_completed  # noqa: PLC0415 - only the extra [cluster] has it
    except ImportError as error:
        raise ToolchainError('a cluster needs dask.distributed; run pip install "pulse8[cluster]"') from error
    try:
        client = Client(address, timeout=CONNECT_S)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(f"no dask scheduler at {address} ({error}); start one with `dask scheduler`") from error
    with client:
        futures: dict[Any, Task] = {
            client.submit(prepare_recording, task, key=f"pulse8-{index}-{task.found.recording}", pure=False): task
            for index, task in enumerate(tasks)
        }
        for future in as_completed(futures):  # type: ignore[no-untyped-call]
            try:
                yield future.result()
            except KilledWorker as error:
                count = 1 + int(getattr(error, "allowed_failures", 0))
                yield Outcome(recording=futures[future].found.recording, failed=KILLED.format(count=count))
            future.release()

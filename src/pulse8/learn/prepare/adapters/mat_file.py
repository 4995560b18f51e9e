"""Arrays and single values of a ``.mat`` file, up to MATLAB's v7, by SciPy: in the process that reads it."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError, Pulse8Error, one_line
from pulse8.learn.prepare.adapters.own_process import DAMAGED, Allow, Wanted, chosen

LONGEST_TEXT: Final = 200


def left_in(path: Path, folder: Path, wanted: Wanted, allow: Allow = lambda _: None) -> dict[str, float | str]:
    """Read a file here, leave its arrays in a folder and return its fields; ``allow`` hears how many bytes one claims.

    Raises
    ------
    InputError
        As :func:`~.own_process.read_arrays`; the message lacks the file's name.
    """
    import scipy.io  # noqa: PLC0415 - for this process alone

    try:
        sizes = {name: float(np.prod([float(n) for n in shape])) for name, shape, _ in scipy.io.whosmat(path)}
        arrays = chosen(wanted, sizes)
        names = [*arrays, *wanted.fields]
        allow(int(8 * max(sizes.get(name, 0.0) for name in names)))
        tree = scipy.io.loadmat(path, variable_names=names)
        for index, name in enumerate(arrays):
            np.save(folder / f"{index}.npy", np.asarray(tree[name]), allow_pickle=False)
        return {name: value for name in wanted.fields if (value := _value(tree.get(name))) is not None}
    except Pulse8Error:
        raise
    except DAMAGED as error:
        raise InputError(f"cannot be read as a .mat file ({one_line(error)})") from error
    except Exception as error:  # the reader has errors of its own class, and zlib's
        if type(error).__module__.split(".")[0] not in ("scipy", "zlib"):
            raise
        raise InputError(f"cannot be read as a .mat file ({one_line(error)})") from error


def _value(field: NDArray[Any] | None) -> float | str | None:
    """Return a field's one text or number."""
    values = np.asarray(field).reshape(-1)
    if field is None or len(values) != 1:
        return None
    value = values[0].item() if hasattr(values[0], "item") else values[0]
    return value[:LONGEST_TEXT] if isinstance(value, str) else float(value)

"""Settings files, environments and users as nobody expects them, for property tests."""

import contextlib
import json
import os
import pwd
from collections.abc import Iterator
from unittest import mock

from hypothesis import strategies as st

from emotiond.keys import OTHER_VARIABLES
from emotiond.settings import KEYS, SECTIONS

VALUE = st.one_of(
    st.booleans().map(lambda each: str(each).lower()),
    st.integers().map(str),
    st.floats().map(str),
    st.text().map(json.dumps),
    st.sampled_from(
        ("[]", "{}", "''", "'~'", "'~nobody-9/x'", '"\\u0000"', "1979-05-27", "07:32:00", "nan")
    ),
)
NAME = st.one_of(
    st.sampled_from([key.name for key in KEYS]),
    st.sampled_from([key.path[-1] for key in KEYS]),
    st.sampled_from([section.name for section in SECTIONS if section.name]),
    st.text(st.characters(categories=["L"]), min_size=1),
    st.text().map(json.dumps),
)
LINE = st.one_of(
    st.tuples(NAME, VALUE).map(" = ".join), NAME.map(lambda name: f"[{name}]"), st.text(), VALUE
)
FILES = st.one_of(
    st.binary(),
    st.lists(LINE).map("\n".join).map(lambda text: text.encode(errors="surrogatepass")),
)
VARIABLES = st.dictionaries(
    st.one_of(
        st.sampled_from([*OTHER_VARIABLES, *(key.variable for key in KEYS)]),
        st.sampled_from(["HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "RUNTIME_DIRECTORY"]),
        st.text(st.characters(exclude_characters="=\0", codec="utf-8")).map("EMOTIOND_".__add__),
    ),
    st.one_of(
        st.binary().map(lambda value: os.fsdecode(value.replace(b"\0", b""))),
        st.sampled_from(["~", "~nobody-9", "true", "0.5", "7", "none"]),
    ),
)


@contextlib.contextmanager
def odd_user(variables: dict[str, str], *, known: bool) -> Iterator[None]:
    """Give this process another environment; the system need not know its user.

    An unknown user is what a container has that is started with ``docker run --user 1234``.
    """
    look_up = pwd.getpwuid if known else mock.Mock(side_effect=KeyError("no such user"))
    with (
        mock.patch.dict(os.environ, variables, clear=True),
        mock.patch.object(pwd, "getpwuid", look_up),
    ):
        yield

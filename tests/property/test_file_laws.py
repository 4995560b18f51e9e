"""Laws of what is written: bytes are somebody's, and the same facts give the same ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integer_programs import chains
from pulse8.board.codegen.lower import lower
from pulse8.board.codegen.render import planned, render
from pulse8.errors import InputError
from pulse8.manifest import accept, record
from pulse8.report.html import Section, Table
from pulse8.report.html import render as page


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=1, max_size=60), st.integers(0, 1 << 20), st.integers(1, 255), st.booleans())
def test_no_changed_byte_of_a_file_or_of_its_source_is_accepted(tmp_path_factory, data, place, change, in_output):
    folder = tmp_path_factory.mktemp("chain")
    source, end = folder / "source", folder / "end"
    source.write_bytes(data)
    end.write_bytes(data[::-1])
    record(end, "step", {"source": accept(source)}, {})
    accept(end)
    changed, content = (end if in_output else source), bytearray(data[::-1] if in_output else data)
    content[place % len(data)] ^= change
    changed.write_bytes(content)
    with pytest.raises(InputError, match="run `step` again"):
        accept(end)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 1 << 30), st.binary(min_size=32, max_size=32))
def test_rendering_twice_gives_the_same_bytes(seed, sha256):
    texts = [
        render(
            planned([lower(chain, f"net{number}") for number, chain in enumerate(chains(rng))]), None, "m", sha256.hex()
        )
        for rng in (np.random.default_rng(seed), np.random.default_rng(seed))
    ]
    assert texts[0] == texts[1]
    assert all(texts[0].values())


@settings(max_examples=8, deadline=None)
@given(st.text(), st.text(), st.booleans(), st.lists(st.text(), max_size=3))
def test_a_page_is_the_same_twice_and_says_what_it_is_not(title, verdict, passed, names):
    sections = [Section(title=name, text=(name,), tables=(Table(head=(name,), rows=((verdict,),)),)) for name in names]
    one, other = (page(title, verdict, passed, sections) for _ in range(2))
    assert one == other
    assert "Not a medical device" in one

import gc

import pytest

from harness.long_lived import long_lived


def test_the_search_rests_within_and_goes_on_after():
    with long_lived():
        assert not gc.isenabled()
        with long_lived():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_search_goes_on_after_an_error():
    with pytest.raises(ValueError), long_lived():  # noqa: PT011
        raise ValueError
    assert gc.isenabled()

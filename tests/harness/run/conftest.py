import pytest
import torch


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As forks of this process have: what is measured for a number of threads, and sums, are the same then."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)

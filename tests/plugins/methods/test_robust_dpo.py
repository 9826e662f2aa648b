import math

import pytest
import torch
from batches import batch, gradient
from harness_plugins.methods.dpo import DPO, dpo_loss
from harness_plugins.methods.robust_dpo import RobustDPO, robust_dpo_loss


def test_the_loss_of_one_pair_is_the_number_worked_out_by_hand():
    # beta h = 0.3: L(h) = 0.5543552444685271, L(-h) = 0.3 more: 0.8543552444685271;
    # (0.8 * 0.5543552444685271 - 0.2 * 0.8543552444685271) / 0.6 = 0.4543552444685271
    made = batch([-10.0, -12.0], [-11.0, -10.0], pairs=[(0, 1)])
    assert RobustDPO(beta=0.1, flip_rate=0.2).terms(made).item() == pytest.approx(0.4543552444685271, rel=1e-12)


def test_without_flips_it_is_dpo():
    made = batch([-3.0, -8.0, -2.0], [-4.0, -4.0, -4.0], pairs=[(0, 1), (2, 1)])
    robust, plain = RobustDPO(beta=0.3, flip_rate=0.0), DPO(beta=0.3)
    assert torch.equal(robust.terms(made), plain.terms(made))
    assert torch.equal(robust.score(made), plain.score(made))


def test_at_the_reference_the_loss_is_log_two_and_the_gradient_is_larger_than_dpos():
    made = batch([-5.0, -7.0], [-5.0, -7.0], pairs=[(0, 1)])
    assert RobustDPO(beta=0.4, flip_rate=0.25).terms(made).item() == pytest.approx(math.log(2), rel=1e-12)
    # -beta / 2 of DPO, over 1 - 2 e = 1/2
    assert gradient(RobustDPO(beta=0.4, flip_rate=0.25), made).tolist() == pytest.approx([-0.4, 0.4])


@pytest.mark.parametrize("flip_rate", [0.05, 0.3, 0.45])
def test_over_flipped_labels_its_mean_is_the_clean_loss(flip_rate: float):
    chosen, rejected = torch.randn(2, 50, dtype=torch.float64) * 10
    given = {"beta": 0.7, "flip_rate": flip_rate}
    mean = (1 - flip_rate) * robust_dpo_loss(chosen, rejected, **given)
    mean += flip_rate * robust_dpo_loss(rejected, chosen, **given)
    torch.testing.assert_close(mean, dpo_loss(chosen, rejected, beta=0.7))


def test_a_settled_pair_is_still_pulled_at_by_the_flip_rate():
    # d loss / d h = -beta [(1 - e) sigma(-beta h) + e sigma(beta h)] / (1 - 2 e): -beta e / (1 - 2 e) at h = 1000
    made = batch([1000.0, 0.0], [0.0, 0.0], pairs=[(0, 1)])
    assert gradient(RobustDPO(beta=0.5, flip_rate=0.1), made).tolist() == pytest.approx([-0.0625, 0.0625])
    assert gradient(DPO(beta=0.5), made).tolist() == pytest.approx([0.0, 0.0])


def test_the_gradient_agrees_with_finite_differences():
    chosen, rejected = (torch.randn(6, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(
        lambda w, r: robust_dpo_loss(3 * w, 3 * r, beta=0.7, flip_rate=0.2), (chosen, rejected)
    )


def test_diagnostics_are_dpos():
    made = batch([-1.0, -2.0, -3.0], [-2.0, -2.0, -2.0], pairs=[(0, 1), (1, 2)])
    assert RobustDPO(beta=0.5).diagnostics(made) == DPO(beta=0.5).diagnostics(made)


@pytest.mark.parametrize(
    "options", [{"beta": 0.0}, {"beta": math.nan}, {"flip_rate": -0.1}, {"flip_rate": 0.5}], ids=str
)
def test_options_outside_their_range_are_refused(options: dict[str, float]):
    with pytest.raises(ValueError, match=f"{next(iter(options))} is "):
        RobustDPO(**options)

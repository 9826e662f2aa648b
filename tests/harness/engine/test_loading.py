import subprocess
import sys
from pathlib import Path

import pytest
import tiny
import torch

from harness.engine import loading
from harness.engine.stepper import make_trainable
from harness.errors import ModelError
from harness.model_files import fingerprint
from harness.training import Lora, Tokens, Training


@pytest.fixture
def folder(tmp_path):
    loading.save(tiny.language_model(), tmp_path / "model")
    return tmp_path / "model"


def test_a_fingerprint_names_weights_tokenizer_and_template_but_not_the_path(folder, tmp_path):
    before = fingerprint(folder)
    moved = folder.rename(tmp_path / "elsewhere")
    assert fingerprint(moved) == before
    (moved / "chat_template.jinja").write_text("{{ messages }}")
    assert fingerprint(moved) != before


def test_an_adapters_fingerprint_names_the_model_under_it(folder, tmp_path):
    policy = loading.load(folder, Tokens(min_prompt=4))
    make_trainable(policy, Training(lora=Lora(r=2)), seed=0)
    loading.save(policy, tmp_path / "adapter")
    before = fingerprint(tmp_path / "adapter")
    loading.save(tiny.language_model(seed=1), tmp_path / "other")
    (tmp_path / "other" / "model.safetensors").replace(folder / "model.safetensors")
    assert fingerprint(tmp_path / "adapter") != before


def test_somebody_elses_adapter_becomes_a_model_that_can_be_trained(folder, tmp_path):
    policy = loading.load(folder, Tokens(min_prompt=4))
    make_trainable(policy, Training(lora=Lora(r=2)), seed=0)
    loading.save(policy, tmp_path / "adapter")
    merged = loading.load(tmp_path / "adapter", Tokens(min_prompt=4))
    assert all(p.requires_grad for p in merged.model.parameters())
    assert not hasattr(merged.model, "get_base_model")


def test_an_adapter_is_read_on_the_adapter_it_was_trained_on(folder, tmp_path):
    """A suite's model may be an adapter; its folder often holds a tokenizer, and transformers would read it too."""
    first = make_trainable(loading.load(folder, Tokens(min_prompt=4)), Training(lora=Lora(r=2)), seed=0)
    _disturb(first)
    loading.save(first, tmp_path / "first")
    first.tokenizer.save_pretrained(tmp_path / "first")
    second = make_trainable(loading.load(tmp_path / "first", Tokens(min_prompt=4)), Training(lora=Lora(r=2)), seed=1)
    _disturb(second)
    loading.save(second, tmp_path / "second")
    examples = [tiny.example("w1 w2", "w3 w4 w5", "w6")]
    ((wanted, _),) = second.logps(examples)
    ((found, _),) = loading.load(tmp_path / "second", Tokens(min_prompt=4), base=tmp_path / "first").logps(examples)
    assert found == pytest.approx(wanted, abs=1e-4)


def _disturb(policy):
    with torch.no_grad():
        for name, parameter in policy.model.named_parameters():
            if "lora_" in name:
                parameter.normal_(std=0.3)


def test_a_folder_without_a_model_is_a_clear_error(tmp_path):
    with pytest.raises(ModelError, match=r"config\.json is missing"):
        fingerprint(tmp_path)


def test_a_tokenizer_larger_than_the_model_is_refused_before_it_does_harm():
    encoder = loading.wrap(tiny.language_model().model, tiny.tokenizer(words=90), Tokens(min_prompt=4)).encoder
    encoder.examples([tiny.example("w59", "w1")])
    with pytest.raises(ModelError, match="gives token 84, but the model has 64 embeddings"):
        encoder.examples([tiny.example("w80", "w1")])


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
@pytest.mark.parametrize("lora", [None, Lora(r=2)], ids=["full", "lora"])
def test_before_the_first_step_the_policy_is_the_reference(folder, dtype, lora):
    """A log-ratio that starts anywhere but at 0 would be a reward that nobody gave."""
    reference = loading.load(folder, Tokens(min_prompt=4), dtype=dtype)
    policy = loading.load(folder, Tokens(min_prompt=4), dtype=dtype)
    make_trainable(policy, Training(dtype=dtype, lora=lora), seed=0)
    encoded = reference.encoder.examples([tiny.example("w1 w2", "w3 w4 w5", "w6")])
    with torch.no_grad():
        assert torch.equal(policy.forward(encoded).total, reference.forward(encoded).total)


SAVE = """
import sys
sys.path.insert(0, sys.argv[1])
import tiny
from pathlib import Path
from harness.engine import loading
loading.save(tiny.language_model(), Path(sys.argv[2]))
print("deepspeed" in sys.modules)
"""


def test_saving_a_policy_imports_no_deepspeed_and_says_nothing(tmp_path):
    support = str(Path(__file__).parents[2] / "support")
    done = subprocess.run(
        [sys.executable, "-c", SAVE, support, str(tmp_path / "saved")], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
    assert (tmp_path / "saved" / "model.safetensors").is_file()

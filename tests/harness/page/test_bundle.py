import pytest

from harness.errors import HarnessError
from harness.page.bundle import vega_bundle


@pytest.fixture
def made(tmp_path, monkeypatch):
    """What vl-convert was asked to make; its script is short here."""
    import vl_convert

    calls = []
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    monkeypatch.setattr(vl_convert, "javascript_bundle", lambda _: calls.append(1) or "window.vegaEmbed = 'é';\n")
    return calls


def test_it_is_made_once_for_a_machine(made, tmp_path):
    assert vega_bundle() == vega_bundle() == "window.vegaEmbed = 'é';\n"
    assert len(made) == 1
    assert [path.suffix for path in tmp_path.iterdir()] == [".js"]


@pytest.mark.parametrize("harm", [lambda text: text[:-5], lambda text: text.replace("é", "e"), lambda _: ""])
def test_a_broken_file_is_made_anew(made, tmp_path, harm):
    whole = vega_bundle()
    (path,) = tmp_path.iterdir()
    path.write_text(harm(path.read_text("utf-8")), "utf-8")
    assert vega_bundle() == whole
    assert len(made) == 2
    assert vega_bundle() == whole
    assert len(made) == 2


def test_it_needs_no_folder(made, monkeypatch):
    from harness.page import bundle

    def nowhere():
        raise PermissionError

    monkeypatch.setattr(bundle, "user_cache", nowhere)
    assert "vegaEmbed" in vega_bundle()


def test_a_script_that_ends_its_element_is_refused(made, monkeypatch):
    import vl_convert

    monkeypatch.setattr(vl_convert, "javascript_bundle", lambda _: "'</script>'")
    with pytest.raises(HarnessError, match="cannot stand inside a page"):
        vega_bundle()


def test_the_real_one_draws_without_eval_and_loads_nothing():
    script = vega_bundle()
    assert "vegaEmbed" in script
    assert "expressionInterpreter" in script

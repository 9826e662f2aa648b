from harness.gate.changes import listed, settings_changed, versions_changed

BEFORE = {
    "description": "old",
    "seeds": [0, 1],
    "data": {"source": "world", "noise": 0.1},
    "methods": [{"policy": "base"}, {"method": "dpo", "label": "dpo", "options": {"beta": 0.1}}],
}


def test_every_setting_that_differs_is_a_sentence():
    after = {
        "description": "new",
        "seeds": [0, 1, 2],
        "data": {"source": "world", "noise": 0.2},
        "methods": [{"method": "dpo", "label": "dpo", "options": {"beta": 0.5}}, {"method": "rpo", "label": "rpo"}],
    }
    assert settings_changed(BEFORE, after) == (
        "seeds: [0, 1] in the baseline, [0, 1, 2] now",
        "data.noise: 0.1 in the baseline, 0.2 now",
        'methods.base.policy: "base" in the baseline, not stated now',
        "methods.dpo.options.beta: 0.1 in the baseline, 0.5 now",
        'methods.rpo.method: not stated in the baseline, "rpo" now',
        'methods.rpo.label: not stated in the baseline, "rpo" now',
    )


def test_another_description_or_order_of_rows_is_no_change():
    assert settings_changed(BEFORE, {**BEFORE, "description": "new", "methods": BEFORE["methods"][::-1]}) == ()


def test_long_values_are_cut():
    (told,) = settings_changed({"a": "x"}, {"a": "y" * 500})
    assert len(told) < 150


def test_versions_in_one_sentence():
    assert versions_changed({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}) == (
        "other versions: b 2 in the baseline, 3 now; c absent in the baseline, 4 now"
    )
    assert versions_changed({"a": "1"}, {"a": "1"}) == ""


def test_long_lists_are_cut():
    assert listed(["a", "b"]) == "a, b"
    assert listed([str(n) for n in range(9)]) == "0, 1, 2, 3, 4, 5 and 3 more"

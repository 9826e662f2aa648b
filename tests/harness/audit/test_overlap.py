"""Prompts that two splits share, exactly or nearly."""

from __future__ import annotations

import random

from audits import audited, clean, pair

from harness.audit.near import SETTINGS, NearIndex, jaccard, shingles, without_common
from harness.audit_checks import findings
from harness.examples import Message, user_prompt


def shared(train, test, **more):
    record = audited({"train": train, "test": test, **more})
    return next(s for s in record.shared if (s.held_out, s.other) == ("test", "train"))


def asked(name, prompt):
    return pair(name, prompt, "w1", "w2 w3")


def test_case_white_space_and_unicode_forms_make_no_difference_to_an_exact_copy():
    train = [*clean(), asked("a", "What is ﬁre  made of?"), asked("b", "Grüße!")]
    got = shared(train, [*clean(9, 100), asked("x", " what is FIRE made\nof?"), asked("y", "GRU\u0308SSE!")])
    assert (got.exact, got.exact_prompts, got.near) == (2, 2, 0)
    assert [(n.held_out, n.other, n.similarity) for n in got.named] == [("x", "a", 1.0), ("y", "b", 1.0)]


def test_examples_are_counted_and_prompts_once():
    got = shared(
        [*clean(), asked("a", "same"), asked("b", "same")], [asked("x", "same"), asked("y", "Same"), *clean(3, 90)]
    )
    assert (got.exact, got.exact_prompts) == (2, 1)
    assert len(got.named) == 1


def test_every_seed_of_the_training_split_counts():
    splits = {"train": clean(), ("train", 1): [asked("a", "same")], "test": [asked("x", "same")]}
    assert audited(splits, seeds=(0, 1)).shared[0].exact == 1


TEXT = "please write a short friendly letter to my neighbour about the noise that her new dog makes at night"


def test_light_edits_are_near_and_other_prompts_are_not():
    edits = [
        TEXT.replace("short", "brief"),
        TEXT.upper() + "!",
        f"Hello, {TEXT}",
        TEXT.replace(" my ", " our ").replace("new ", ""),
    ]
    got = shared([*clean(), asked("a", TEXT)], [asked(f"x{i}", text) for i, text in enumerate(edits)] + clean(9, 100))
    assert (got.exact, got.near, got.near_prompts) == (0, 4, 4)
    assert {n.other for n in got.named} == {"a"}
    assert got.named[0].similarity == max(n.similarity for n in got.named)
    other = "please write a long angry letter to the council about the holes in the road outside my house"
    assert shared([*clean(), asked("a", TEXT)], [asked("x", other)]).near == 0


def test_a_prompt_that_is_an_exact_copy_is_not_near_as_well():
    got = shared([*clean(), asked("a", TEXT), asked("b", TEXT + " now")], [asked("x", TEXT)])
    assert (got.exact, got.near) == (1, 0)


def test_a_system_text_that_all_prompts_share_makes_none_of_them_near():
    system = "You are a helpful assistant who answers every question with care and says so where it does not know."
    train = [asked(e.id, f"{system} {e.prompt[0].content}") for e in clean()]
    got = shared(train, [asked(e.id, f"{system} {e.prompt[0].content}") for e in clean(20, 100)])
    assert (got.exact, got.near, got.patterned) == (0, 0, 0)


def test_prompts_of_one_pattern_are_counted_apart():
    train = [asked(f"a{i}", f"{TEXT} number{i}") for i in range(SETTINGS.pattern)]
    got = shared([*clean(), *train], [asked("x", f"{TEXT} another"), asked("y", f"{TEXT} number3"), *clean(5, 100)])
    assert (got.exact, got.near, got.patterned) == (1, 0, 1)
    assert shared([*clean(), *train[1:]], [asked("x", f"{TEXT} another")]).near == 1


def test_a_leak_is_bad_and_one_between_held_out_splits_is_doubtful():
    record = audited({"train": clean(), "validation": [asked("v", "same")], "test": [asked("x", "same")]})
    (one,) = findings(record)
    assert (one.weight, one.strict, one.split) == ("doubtful", False, "test")
    record = audited({"train": [asked("v", "same")], "test": [asked("x", "same"), *clean(3)]})
    (one,) = findings(record)
    assert (one.weight, one.strict, one.count, one.of) == ("bad", True, 1, 4)


def test_candidates_are_verified_and_few_are_missed():
    draw = random.Random(0)
    words = [f"v{i}" for i in range(2000)]
    prompts = [" ".join(draw.choices(words, k=draw.randrange(8, 40))) for _ in range(400)]
    edited = []
    for prompt in prompts:
        parts = prompt.split()
        parts[draw.randrange(len(parts))] = "changed"
        edited.append(" ".join(parts))
    sets = {text: shingles(user_prompt(text)) for text in [*prompts, *edited]}
    near = NearIndex(sets).neighbours(edited)
    true = {e for p, e in zip(prompts, edited, strict=True) if jaccard(sets[p], sets[e]) >= SETTINGS.threshold}
    assert len(true) > 350
    assert len(near.keys() & true) >= 0.99 * len(true)
    for prompt, text in zip(prompts, edited, strict=True):
        if text in near:
            assert near[text].alike == ((jaccard(sets[prompt], sets[text]), prompt),)
            assert not near[text].patterned


def test_scripts_without_spaces_are_compared_by_character():
    assert len(shingles(user_prompt("你好世界"))) == 7
    got = shared(
        [*clean(), asked("a", "请用简单的话解释为什么天空是蓝色的")], [asked("x", "请用简单的话解释为什么天空是红色的")]
    )
    assert got.near == 1


def test_scripts_whose_letters_bear_marks_are_compared_by_character_too():
    thai = "ช่วยอธิบายง่ายๆ หน่อยว่าทำไมท้องฟ้าตอนกลางวันถึงเป็นสีฟ้า"
    assert "้" in shingles(user_prompt(thai))
    assert shared([*clean(), asked("a", thai)], [asked("x", thai.replace("สีฟ้า", "สีแดง"))]).near == 1


def test_words_are_taken_from_all_turns_without_case_and_punctuation():
    assert shingles((Message("system", "Be kind."), Message("user", "Why?"))) == {
        "be",
        "kind",
        "why",
        "be kind",
        "kind why",
    }


def test_little_data_have_nothing_in_common():
    sets = {str(i): frozenset({"a", str(i)}) for i in range(10)}
    assert without_common(sets) == sets
    assert without_common({str(i): frozenset({"a", str(i)}) for i in range(30)})["0"] == {"0"}


def test_prompts_without_a_word_are_compared_with_none():
    assert shared([asked("a", "???"), *clean(5)], [asked("x", "!!!")]).near == 0
    assert shared([asked("a", "???")], [asked("x", "???")]).exact == 1

from models.edit_types.templates import fill, slots_of, variants


def test_choices_are_multiplied_out_and_may_be_empty() -> None:
    assert variants("[Add|Put] it[ here|].") == (
        "Add it here.",
        "Add it.",
        "Put it here.",
        "Put it.",
    )


def test_thing_stands_for_size_name_and_place() -> None:
    assert slots_of(variants("Remove the {thing}.")[0]) == {"size", "name", "place"}


def test_a_variant_whose_slot_is_unfilled_is_passed_over_but_size_may_be_empty() -> None:
    slots = {"name": "dog", "size": "", "colour": ""}
    assert fill("the {size} {name}", slots) == "the  dog"
    assert fill("Paint the {name} {colour}.", slots) is None
    assert fill("Turn the {name} into {material}.", slots) is None


def test_braces_in_a_name_are_left_alone() -> None:
    assert fill("the {name}", {"name": "{size} [a|b]"}) == "the {size} [a|b]"

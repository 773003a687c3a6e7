"""What others call the classes of edits, in the words of ours."""

from collections.abc import Collection, Mapping

UNKNOWN = "unknown"
"""The class of a pair whose set names none, or one that is not known here."""

_ELSEWHERE: Mapping[str, str] = {
    # The published ImgEdit's files, without their parts.
    "adjust_canny": "alter",
    "reference_extract": "object_extraction",
    "extract_ref": "object_extraction",
    "reference_replace": "visual_edit",
    # OmniEdit
    "addition": "add",
    "attribute_modification": "alter",
    "background_swap": "background_change",
    "object_swap": "replace",
    "removal": "remove",
    # Pico-Banana
    "add_a_new_object_to_the_scene": "add",
    "change_an_objects_attribute": "alter",
    "remove_an_existing_object": "remove",
    "replace_one_object_category_with_another": "replace",
    "replace_the_background": "background_change",
}


def class_named(label: str, known: Collection[str], tasks: Mapping[str, str]) -> str:
    """The edit type that a set's word stands for; empty where it stands for none.

    Without regard to case, to signs, and to what stands in brackets behind it.

    Args:
        label: The word of the set.
        known: The names of the edit types.
        tasks: Edit types by the names of their benchmark tasks.
    """
    if label in known:
        return label
    word = "_".join(label.partition("(")[0].lower().replace("'", "").replace("-", " ").split())
    named = next((name for name in known if name.lower() == word), "")
    found = named or tasks.get(word, "") or _ELSEWHERE.get(word, "")
    return found if found in known else ""

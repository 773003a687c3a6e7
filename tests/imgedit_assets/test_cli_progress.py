"""What whoever runs a command is told of its progress where there is no terminal."""

from io import StringIO

from rich.console import Console

from imgedit_assets.cli.progress import ProgressView
from resources.factory import Progress


def test_a_training_says_now_and_then_how_it_goes() -> None:
    said = StringIO()
    with ProgressView(Console(file=said)) as view:
        for step in range(3):
            line = f"step {step} of 9: loss 0.1"
            view.hear(Progress(asset="e1_checkpoint", partition="small", said=line))
        pairs = Progress(asset="edit_pairs", partition="remove|s")
        view.hear(pairs.at(total=1))
        view.hear(pairs.at(total=1, advanced=1))
    assert said.getvalue().splitlines() == [
        "e1_checkpoint small: step 0 of 9: loss 0.1",
        "edit_pairs remove s: 1 units done",
    ]
    assert view.computed == {"edit_pairs": 1}
    assert set(view.seconds) == {"e1_checkpoint", "edit_pairs"}

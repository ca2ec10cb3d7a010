"""The honest estimate of a taught head, in words."""

from emotiond.model.estimate import Estimate


def in_words(estimate: Estimate | None) -> str:
    """Return the estimate from examples left out in turn, as one sentence.

    Parameters
    ----------
    estimate : Estimate or None
        Estimate of a head; None if it has none.
    """
    if estimate is None or estimate.right is None:
        few = ", ".join(estimate.too_few) if estimate is not None else ""
        return (
            "how well it works can't be told yet: it takes two recordings of at least two labels"
            + (f" (fewer of: {few})" if few else "")
        )
    count = estimate.examples
    beside = [f"chance {estimate.chance * count:.0f}"]
    if estimate.untaught is not None:
        beside.append(f"untaught {estimate.untaught}")
    few = f"; too few recordings of: {', '.join(estimate.too_few)}" if estimate.too_few else ""
    return (
        f"of your own examples, left out in turn: {estimate.right} of {count} right "
        f"({', '.join(beside)}){few}"
    )

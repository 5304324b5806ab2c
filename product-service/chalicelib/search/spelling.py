"""Words that look like a mistyped one, found by the trigrams that they share."""

_MIN_LENGTH = 4  # a shorter word is near to too many others
_TWO_ERRORS_LENGTH = 8


def trigrams(word: str) -> set[str]:
    """Return the runs of three characters of a word, with its start and end marked."""
    padded = f"  {word}  "
    return {padded[place : place + 3] for place in range(len(padded) - 2)}


def max_errors(word: str) -> int:
    """How many typing errors a word may have."""
    if len(word) < _MIN_LENGTH or " " in word:
        return 0
    return 1 if len(word) < _TWO_ERRORS_LENGTH else 2


def distance(one: str, other: str) -> int:
    """Count the typing errors between two words.

    A letter too many, missing, wrong, or swapped with the next is one.
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, char in enumerate(one, 1):
        above, before_above = row, before
        row = [i]
        for j, letter in enumerate(other, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (char != letter))
            if i > 1 and j > 1 and char == other[j - 2] and one[i - 2] == letter:
                cost = min(cost, before_above[j - 2] + 1)
            row.append(cost)
        before = above
    return row[-1]

"""Stories: each article joins the copies of it that are known, or begins a story of its own."""

from monitor.models import Article
from monitor.store import Store, stories
from monitor.stories import WINDOW, Fingerprint, Likeness, copies, fingerprint, key, lines, rare_words, sample


def assign_story(store: Store, article: Article) -> int:
    """The story of an article, decided once for what it says; says its id. Only within a transaction."""
    known, decided_on = stories.assigned(store, article.id)
    present = key(article)
    if known is not None and decided_on == present:
        return known
    said = lines(article)
    own = stories.own_lines(store, article, said)
    found = fingerprint(article, own)
    runs = sample(own)
    story, likeness = _story_of_copy(store, article, found, runs)
    stories.index(store, article, runs, sorted(found.headline.telling))
    story = stories.assign(store, article, story, present, likeness)
    stories.learn_lines(store, article, story, said)
    return story


def _story_of_copy(
    store: Store, article: Article, found: Fingerprint, runs: list[int]
) -> tuple[int | None, Likeness | None]:
    weigh = stories.weights(store, sorted(found.headline.telling))
    looked_up = rare_words(found.headline, weigh)
    for candidate in stories.candidates(store, article, runs, looked_up, WINDOW):
        other = fingerprint(candidate, stories.own_lines(store, candidate, lines(candidate)))
        weigh = stories.weights(store, sorted(found.headline.telling | other.headline.telling))
        likeness = copies(found, other, weigh)
        if likeness:
            return candidate.story, likeness
    return None, None

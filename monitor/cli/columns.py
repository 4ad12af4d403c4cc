"""Which columns people see of each listing, under which heading, and in which order; `--json` has them all."""

_LISTINGS = {
    "developments": "development:id first_seen:first_seen change stage title:headline outlets stories alerts",
    "articles": "id news_at:news_of outlet language:lang title:headline text_source:text",
    "stories": "id first_seen title:headline articles outlets",
    "feeds": "id name state last_new_entry:last_news articles",
    "alerts": "alert:id created_at:created channel kind state subject last_error:error",
    "search": "id news_at:news_of outlet title:headline excerpt:found",
}
_PARTS = {
    "stages": "stage since told_at:told article",
    "evidence": "article news_at:news_of outlet language:lang stage sentence",
    "alerts": "alert:id channel kind stage state sent_at:sent last_error:error",
    "sightings": "feed first_seen:first_seen url",
    "signals": "development change stage actors rule sentence",
    "polls": "at status http_status:http entries new_entries:new seconds error",
    "articles": "id news_at:news_of outlet language:lang title:headline url",
}


def of_listing(name: str) -> dict[str, str]:
    """The columns of a list command, key -> heading."""
    return _headings(_LISTINGS[name])


def of_part(name: str) -> dict[str, str]:
    """The columns of a list within what a show command shows."""
    return _headings(_PARTS[name])


def _headings(columns: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in columns.split())
    return {key: (heading or key).replace("_", " ") for key, _, heading in pairs}

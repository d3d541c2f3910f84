"""The generated parts of a page of the docs, between two comments that name them."""


def placed(page: str, name: str, text: str) -> str:
    """The page with `text` between the markers of a generated part."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    return f"{page.split(begin)[0]}{begin}\n\n{text}\n\n{end}{page.split(end)[1]}"

"""A declaration with a mistake is told with file and line, and takes nothing else down."""

from __future__ import annotations

from pathlib import Path

import pytest

from avesa.integrations import load_service
from avesa.shared.errors import ConfigurationError
from declared_services import GOOD, declared


@pytest.mark.parametrize(
    ("good", "bad", "said", "line"),
    [
        ('parent=Parent("orgs",', 'parent=Parent("org",', "oddwerk/machines: unknown parent org", 4),
        ('"machines", ', '"orgs", ', "oddwerk: endpoint named twice: orgs", 4),
        ("/orgs/{orgId}/machines", "/machines", "oddwerk/machines: the path has no {orgId}", 4),
        ("{token}", "{tokens}", "oddwerk: auth needs what is no setting and no secret: tokens", 4),
        ('("token",)', '("token")', "oddwerk: secrets: expected a tuple (each a text), found the text 'token'", 4),
        ("(\n    name", "((\n    name", "SyntaxError: '(' was never closed", 4),
        ("Parent,", "Parents,", "ImportError: cannot import name 'Parents'", 2),
        ('title="Oddwerk",', 'name_="Oddwerk",', "TypeError: Service.__init__() got an unexpected keyword", 4),
        ("SERVICE =", "SERVICES =", "AttributeError: module 'avesa.integrations.oddwerk' has no attribute", None),
        ("SERVICE = Service(", "SERVICE = dict(", "SERVICE is no Service", None),
        ('name="oddwerk"', 'name="odd"', "its folder has another name than odd", None),
    ],
)
def test_a_mistake_is_told_in_the_words_of_who_found_it(
    tmp_path: Path, good: str, bad: str, said: str, line: int | None
) -> None:
    with declared(tmp_path, "oddwerk", GOOD.replace(good, bad, 1)) as file:
        with pytest.raises(ConfigurationError) as caught:
            load_service("oddwerk")
        error = caught.value
        assert error.message.startswith(f"Its declaration cannot be used: {said}")
        assert error.where.service == "oddwerk"
        assert error.hint == f"Mend {file}" + (f", line {line}" if line else "")


def test_a_declaration_that_was_mended_is_read_anew(tmp_path: Path) -> None:
    with declared(tmp_path, "oddwerk", GOOD.replace("(", "")), pytest.raises(ConfigurationError):
        load_service("oddwerk")
    with declared(tmp_path, "oddwerk", GOOD):
        assert load_service("oddwerk").title == "Oddwerk"

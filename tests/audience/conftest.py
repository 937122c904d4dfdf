"""The list that most tests of readers begin with."""

import pytest
from support.publications import make_list, make_publication


@pytest.fixture
def weekly():
    return make_list(make_publication())

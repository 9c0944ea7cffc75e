"""HubSpot's objects, which are all asked for in one way: listed by GET, searched for changes by POST, and those that
are archived in a list of their own.
"""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.incremental import Changes, Deletions, InBody, InParams
from avesa.connector.json_template import json_body
from avesa.connector.paging import Cursor, InParam, SearchWindow
from avesa.connector.service import Endpoint
from avesa.connector.times import MILLISECONDS

V3, V4 = "/crm/v3", "/crm/v4"

# HubSpot API, paging: `after`, and no `paging` on the last page; a hundred at most.
BY_CURSOR = Cursor(at="paging.next.after", param="after", most=100)

SINCE = ("filterGroups", "0", "filters", "0", "value")

# HubSpot API, search: `after` is an offset, 10,000 rows can be reached, one property sorts. Whatever changes meanwhile
# moves to the end and all behind it comes one row nearer, so each page begins at the last row's time instead.
SEARCH = SearchWindow(
    Cursor(at="paging.next.after", param="after", into="body", most=200),
    keys=("updatedAt",),
    move=InParam(SINCE, into="body"),
    cap=10_000,
    size=200,
    restart=1,
)

# HubSpot API, search: the index is behind by seconds to minutes, and no bound is promised.
LAG = timedelta(minutes=10)


def crm_object(
    name: str,
    properties: str,
    *,
    canonical: str | None = None,
    associations: str | None = None,
    modified: str = "hs_lastmodifieddate",
) -> Endpoint:
    """The endpoint of one object. A record has no more than the `properties` asked for; `associations` come in
    listings alone. `modified` is the property that updatedAt repeats.
    """
    path, asked = f"{V3}/objects/{name}", properties.split()
    # HubSpot API, search: no associations come, so a row holds only a part; the filter takes epoch milliseconds.
    changes = Changes(
        field="updatedAt",
        ask=InBody(((".".join(SINCE), "{since}"),)),
        form=MILLISECONDS,
        overlap=LAG,
        path=f"{path}/search",
        body=json_body(
            {
                "filterGroups": [{"filters": [{"propertyName": modified, "operator": "GTE", "value": ""}]}],
                "sorts": [{"propertyName": modified, "direction": "ASCENDING"}],
                "properties": [*asked, "{*more_properties}"],
            }
        ),
        paging=SEARCH,
        partial=True,
        limit_group="search",
    )
    # HubSpot API, archived: the recycle bin of 90 days, whole, with the time of each deletion.
    archived = Deletions(
        path,
        key=("id",),
        at="archivedAt",
        records="results",
        params=(("archived", "true"),),
        changes=Changes(field="archivedAt", ask=InParams(()), overlap=LAG),
        paging=BY_CURSOR,
    )
    return Endpoint(
        name,
        path,
        records="results",
        params=(
            ("properties", f"{properties.replace(' ', ',')},{{more_properties}}"),
            *((("associations", associations),) if associations else ()),
        ),
        changes=changes,
        deletions=archived,
        canonical=canonical,
    )

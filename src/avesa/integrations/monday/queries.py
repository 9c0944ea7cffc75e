"""The GraphQL queries of monday.com, one for each list, for the API versions 2026-07 and 2026-10."""

from __future__ import annotations

from avesa.connector.json_template import Body, graphql

_BUDGET = "complexity { after reset_in_x_seconds }"


def _asking(query: str) -> Body:
    """monday API, complexity: a query may also ask what is left of the budget of points, and until when."""
    return graphql(query.replace("{", "{ " + _BUDGET, 1))


_ITEM = """
    id name state email relative_link url creator_id created_at updated_at
    board { id name } group { id title } parent_item { id }
    column_values { id type text value column { title } } subscribers { id }
"""

ACCOUNT = _asking("""
query {
  account {
    id name slug tier country_code active_members_count first_day_of_the_week sign_up_product_kind
    plan { max_users period tier version } products { id kind }
  }
}
""")

USERS = _asking("""
query ($limit: Int, $page: Int) {
  users (limit: $limit, page: $page, status: [ACTIVE, INACTIVE, PENDING]) {
    id name email kind status is_deleted account_id created_at became_active_at is_email_confirmed
    invitation_method last_activity birthday country_code location mobile_phone phone title
    time_zone_identifier utc_hours_diff url photo_url { original small } current_language
    teams { id name } out_of_office { active start_date end_date type } account { id name }
  }
}
""")

TEAMS = _asking("query { teams { id name picture_url is_guest users { id email } owners { id } } }")

WORKSPACES = _asking("""
query ($limit: Int, $page: Int) {
  workspaces (limit: $limit, page: $page, state: all) {
    id name kind state description created_at is_default_workspace account_product { id kind }
  }
}
""")

BOARDS = _asking("""
query ($limit: Int, $page: Int) {
  boards (limit: $limit, page: $page, state: all, order_by: created_at) {
    id name description state board_kind board_folder_id workspace_id type item_terminology items_count
    permissions updated_at url creator { id name } owners { id name }
    columns { id title type description archived settings_str }
    groups { id title color position archived deleted } tags { id name }
  }
}
""")

ITEMS = _asking(
    """
query ($board_ids: [ID!], $limit: Int!) {
  boards (ids: $board_ids) { id items_page (limit: $limit) { cursor items { ITEM } } }
}
""".replace("ITEM", _ITEM)
)

NEXT_ITEMS = _asking(
    """
query ($cursor: String!, $limit: Int!) {
  next_items_page (cursor: $cursor, limit: $limit) { cursor items { ITEM } }
}
""".replace("ITEM", _ITEM)
)

# items gives 25 where nothing else is said, however many ids are asked for.
SUBITEMS = _asking("""
query ($ids: [ID!]) {
  items (ids: $ids, limit: 100) {
    id
    subitems {
      id name state created_at updated_at creator_id board { id } parent_item { id }
      column_values { id type text value }
    }
  }
}
""")

TIME_TRACKING = _asking("""
query ($ids: [ID!]) {
  items (ids: $ids, limit: 100) {
    id
    column_values (types: [time_tracking]) {
      id
      ... on TimeTrackingValue {
        duration running started_at updated_at text
        history {
          id status started_at ended_at started_user_id ended_user_id created_at updated_at
          manually_entered_start_date manually_entered_end_date
        }
      }
    }
  }
}
""")

UPDATES = _asking("""
query ($limit: Int, $page: Int, $from: String, $to: String) {
  updates (limit: $limit, page: $page, from_date: $from, to_date: $to) {
    id body text_body created_at updated_at edited_at creator_id item_id creator { id name }
    replies { id body text_body created_at updated_at creator_id }
    assets { id name url file_extension file_size }
  }
}
""")

ACTIVITY_LOGS = _asking("""
query ($board_ids: [ID!], $from: ISO8601DateTime, $to: ISO8601DateTime, $limit: Int, $page: Int) {
  boards (ids: $board_ids, limit: 25) {
    id
    activity_logs (from: $from, to: $to, limit: $limit, page: $page) {
      id account_id user_id entity event data created_at
    }
  }
}
""")

TAGS = _asking("query { tags { id name color } }")

DOCS = _asking("""
query ($limit: Int, $page: Int) {
  docs (limit: $limit, page: $page) {
    id object_id name doc_kind doc_folder_id workspace_id created_at relative_url url created_by { id name }
  }
}
""")

FOLDERS = _asking("""
query ($limit: Int, $page: Int) {
  folders (limit: $limit, page: $page) {
    id name color created_at owner_id parent { id } workspace { id } children { id }
  }
}
""")

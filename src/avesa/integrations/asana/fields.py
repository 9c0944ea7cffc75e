"""The fields that are asked for of Asana's records. Lists give no more than an id and a name by themselves, and of an
object in a record the same.

Left out are texts once more as HTML, hearts (the old name of likes), and what is about the token's own user.
"""

from __future__ import annotations

from avesa.connector.request import Params


def _of(*names: str) -> Params:
    return (("opt_fields", ",".join(("resource_type", *names))),)


def _below(field: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{field}.{name}" for name in names)


_CUSTOM = _below(
    "custom_fields",
    "name",
    "type",
    "enabled",
    "display_value",
    "text_value",
    "number_value",
    "date_value",
    "enum_value.name",
    "multi_enum_values.name",
)
_STATUS_UPDATE = _below("current_status_update", "title", "resource_subtype")

WORKSPACE = _of("name", "is_organization", "email_domains")
USER = _of("name", "email", "photo", "workspaces.name", *_CUSTOM)
WORKSPACE_MEMBERSHIP = _of(
    "user.name",
    "workspace.name",
    "is_active",
    "is_admin",
    "is_guest",
    "is_view_only",
    "created_at",
    "vacation_dates",
)
TEAM = _of(
    "name",
    "description",
    "organization.name",
    "permalink_url",
    "visibility",
    "endorsed",
    "edit_team_name_or_description_access_level",
    "edit_team_visibility_or_trash_team_access_level",
    "guest_invite_management_access_level",
    "join_request_management_access_level",
    "member_invite_management_access_level",
    "team_content_management_access_level",
    "team_member_removal_access_level",
)
TEAM_MEMBERSHIP = _of("user.name", "team.name", "is_admin", "is_guest", "is_limited_access")
PROJECT = _of(
    "name",
    "notes",
    "archived",
    "color",
    "icon",
    "completed",
    "completed_at",
    "completed_by.name",
    "created_at",
    "created_from_template.name",
    *_below("current_status", "color", "title", "text", "created_at", "created_by.name"),
    *_STATUS_UPDATE,
    *_CUSTOM,
    "default_access_level",
    "default_view",
    "due_on",
    "followers.name",
    "members.name",
    "minimum_access_level_for_customization",
    "minimum_access_level_for_sharing",
    "modified_at",
    "owner.name",
    "permalink_url",
    "privacy_setting",
    "project_brief",
    "public",
    "start_on",
    "team.name",
    "workspace.name",
)
SECTION = _of("name", "created_at", "project.name")
PROJECT_STATUS = _of("title", "text", "color", "author.name", "created_at", "created_by.name", "modified_at")
TASK = _of(
    "resource_subtype",
    "name",
    "notes",
    "actual_time_minutes",
    "approval_status",
    "assigned_by.name",
    "assignee.name",
    "assignee_section.name",
    "completed",
    "completed_at",
    "completed_by.name",
    "created_at",
    "created_by",
    *_CUSTOM,
    *_below("custom_fields", "resource_subtype", "people_value.name", "reference_value.name"),
    "custom_type.name",
    "custom_type_status_option.name",
    "dependencies",
    "dependents",
    "due_at",
    "due_on",
    "external.data",
    "followers.name",
    "is_rendered_as_separator",
    "memberships.project.name",
    "memberships.section.name",
    "modified_at",
    "num_likes",
    "num_subtasks",
    "parent.name",
    "permalink_url",
    "projects.name",
    "start_at",
    "start_on",
    "tags.name",
    "workspace.name",
)
STORY = _of(
    "resource_subtype",
    "type",
    "text",
    "created_at",
    "created_by.name",
    "is_edited",
    "is_pinned",
    "sticker_name",
    "num_likes",
    "reaction_summary",
    "previews",
    "assignee.name",
    "follower.name",
    "project.name",
    "story.text",
    "tag.name",
    "task.name",
    "custom_field.name",
    *(
        f"{when}_{what}"
        for when in ("old", "new")
        for what in (
            "approval_status",
            "date_value",
            "dates",
            "enum_value.name",
            "name",
            "number_value",
            "resource_subtype",
            "section.name",
            "text_value",
        )
    ),
)
TIME_ENTRY = _of(
    "duration_minutes",
    "entered_on",
    "description",
    "approval_status",
    "attributable_to.name",
    "billable_status",
    "categories.name",
    "created_at",
    "created_by.name",
    "task.name",
)
CUSTOM_FIELD = _of(
    "name",
    "type",
    "resource_subtype",
    "representation_type",
    "description",
    "enabled",
    *_below("enum_options", "name", "color", "enabled"),
    "asana_created_field",
    "created_by.name",
    "currency_code",
    "custom_label",
    "custom_label_position",
    "default_access_level",
    "format",
    "has_notifications_enabled",
    "id_prefix",
    "input_restrictions",
    "is_formula_field",
    "is_global_to_workspace",
    "is_value_read_only",
    "precision",
    "privacy_setting",
)
TAG = _of("name", "notes", "color", "created_at", "followers.name", "permalink_url", "workspace.name")
PORTFOLIO = _of(
    "name",
    "archived",
    "color",
    "created_at",
    "created_by.name",
    *_STATUS_UPDATE,
    *_CUSTOM,
    "default_access_level",
    "due_on",
    "members.name",
    "owner.name",
    "permalink_url",
    "privacy_setting",
    "project_templates.name",
    "public",
    "start_on",
    "workspace.name",
)
GOAL = _of(
    "name",
    "notes",
    *_STATUS_UPDATE,
    *_CUSTOM,
    "default_access_level",
    "due_on",
    "followers.name",
    "is_workspace_level",
    *_below(
        "metric",
        "currency_code",
        "current_display_value",
        "current_number_value",
        "initial_number_value",
        "is_custom_weight",
        "precision",
        "progress_source",
        "target_number_value",
        "unit",
    ),
    "num_likes",
    "owner.name",
    "privacy_setting",
    "start_on",
    "status",
    "team.name",
    *_below("time_period", "display_name", "period", "start_on", "end_on"),
    "workspace.name",
)
EVENT = (
    (
        "opt_fields",
        ",".join(
            (
                "action",
                "type",
                "created_at",
                *_below("resource", "name", "resource_type"),
                *_below("parent", "name", "resource_type"),
                "user.name",
                *_below("change", "field", "action", "new_value", "added_value", "removed_value"),
            )
        ),
    ),
)

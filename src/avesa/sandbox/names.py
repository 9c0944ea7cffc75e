"""Invented people, companies and complaints. Every domain is reserved for examples; every phone number is fictional."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_NAMES = (
    "Amara", "Bastien", "Chiyo", "Dario", "Elif", "Farid", "Greta", "Hollis", "Imani", "Jonas",
    "Kaveh", "Linnea", "Mateo", "Nadia", "Orla", "Priya", "Quentin", "Rosalind", "Søren", "Tamsin",
    "Ulrich", "Vesna", "Wendell", "Ximena", "Yusuf", "Zora", "Anselm", "Brigid", "Cato", "Delphine",
)  # fmt: skip
LAST_NAMES = (
    "Abernathy", "Brightwater", "Castellan", "Dunmore", "Eastlake", "Farrow", "Glasswell", "Harrowgate",
    "Ironwood", "Juniper", "Kestrel", "Larkspur", "Merriweather", "Northcott", "O'Dell", "Penhallow",
    "Quillfeather", "Ravenscroft", "Stonebridge", "Thistlewood", "Underhill", "Vandermeer", "Whitlock",
    "Yarrow", "Zeller", "Ashdown", "Bellweather", "Coldwater", "Dovecote", "Elderflower",
)  # fmt: skip
COMPANIES = (
    ("Bluebird Dental Group", "Healthcare"),
    ("Copperfield Logistics", "Transportation"),
    ("Driftwood Architects", "Professional Services"),
    ("Evergreen Credit Union", "Financial"),
    ("Foxglove Veterinary Clinics", "Healthcare"),
    ("Granite Peak Manufacturing", "Manufacturing"),
    ("Harbor Light Hotels", "Hospitality"),
    ("Inkwell Legal Partners", "Legal"),
    ("Juniper Street Schools", "Education"),
    ("Kingfisher Engineering", "Construction"),
    ("Lantern Community Theatre", "Nonprofit"),
    ("Maple & Quince Foods", "Retail"),
    ("Nightingale Home Care", "Healthcare"),
    ("Old Mill Brewing", "Manufacturing"),
    ("Pinnacle Ridge Realty", "Real Estate"),
    ("Quarry Town Council", "Government"),
)
VENDORS = ("Northwind Distribution Example", "Example Licensing House")
STREETS = ("Tin Lantern Road", "Willow Bend", "Seventh Mill Lane", "Cobalt Avenue", "Old Ferry Street", "Larch Way")
CITIES = (
    ("Fernhollow", "OR", "97099"),
    ("Port Almond", "WA", "98999"),
    ("Brassington", "CO", "80099"),
    ("Saltmarsh", "ME", "04099"),
)
TITLES = ("Office Manager", "Controller", "Director of Operations", "Receptionist", "Analyst", "IT Coordinator", None)
DEPARTMENTS = ("Administration", "Finance", "Operations", "Sales", None)
TEAM = (
    ("Marguerite", "Oduya", "Service Manager", "Manager", 165.0, 62.0),
    ("Theo", "Lindqvist", "Senior Engineer", "Engineer", 155.0, 55.0),
    ("Saoirse", "Kwan", "Systems Engineer", "Engineer", 145.0, 51.0),
    ("Ravindra", "Holloway", "Help Desk Technician", "Technician", 110.0, 34.0),
    ("Celeste", "Baptiste", "Help Desk Technician", "Technician", 110.0, 33.0),
    ("Ottmar", "Fenwick", "Network Engineer", "Engineer", 150.0, 53.0),
    ("Junko", "Abara", "Project Manager", "Manager", 160.0, 58.0),
    ("Percival", "Nakamura", "Account Manager", "Sales", 120.0, 45.0),
)


@dataclass(frozen=True)
class Complaint:
    """A kind of ticket: where it starts, what it is about, and how serious it is (1 critical to 4 low)."""

    summary: str
    description: str
    board: str
    type: str
    subtype: str | None
    item: str | None
    priority: int


COMPLAINTS = (
    Complaint(
        "Outlook keeps asking for the password",
        "It started after lunch, on one laptop.",
        "Help Desk",
        "Email",
        "Outlook",
        "Sign-in",
        3,
    ),
    Complaint(
        "Printer on the second floor is offline",
        "Nobody upstairs can print.",
        "Help Desk",
        "Hardware",
        "Printer",
        None,
        3,
    ),
    Complaint(
        "Server room is too warm",
        "The sensor reports 31 °C and rising.",
        "Monitoring",
        "Environment",
        "Temperature",
        None,
        2,
    ),
    Complaint(
        "Backup failed three nights in a row",
        "Job ends with a timeout against the vault.",
        "Monitoring",
        "Backup",
        "Failure",
        "File server",
        2,
    ),
    Complaint(
        "New starter on Monday", "Please prepare an account and a laptop.", "Help Desk", "User", "Onboarding", None, 4
    ),
    Complaint(
        "Leaver: please close the account",
        "Last day is Friday. Keep the mailbox.",
        "Help Desk",
        "User",
        "Offboarding",
        None,
        3,
    ),
    Complaint(
        "Internet is down at the branch office",
        "The router shows a red light.",
        "Network",
        "Connectivity",
        "Outage",
        "Router",
        1,
    ),
    Complaint(
        "VPN drops every few minutes", "Remote staff lose their drives.", "Network", "Connectivity", "VPN", None, 2
    ),
    Complaint(
        "Suspicious message, link was clicked",
        "The user entered a password on the page.",
        "Security",
        "Incident",
        "Phishing",
        None,
        1,
    ),
    Complaint(
        "Disk space low on the file server",
        "Less than 5 % free on D:.",
        "Monitoring",
        "Storage",
        "Capacity",
        "File server",
        3,
    ),
    Complaint(
        "Accounting software is slow",
        "Opening a ledger takes a minute.",
        "Help Desk",
        "Application",
        "Performance",
        "Ledger",
        3,
    ),
    Complaint(
        'Screen flickers, "like a disco"',
        "External monitor, both cables tried.",
        "Help Desk",
        "Hardware",
        "Monitor",
        None,
        4,
    ),
    Complaint(
        "Cannot open shared calendar",
        "Permission error since the migration.",
        "Help Desk",
        "Email",
        "Calendar",
        None,
        4,
    ),
    Complaint(
        "Antivirus reports an unprotected device",
        "Agent has not checked in for 9 days.",
        "Security",
        "Agent",
        None,
        None,
        3,
    ),
    Complaint(
        "Wi-Fi does not reach the meeting room",
        "Calls break up in the new wing.",
        "Network",
        "Wireless",
        "Coverage",
        None,
        3,
    ),
)
WORK_DONE = (
    "Checked the logs and restarted the service.",
    "Remote session with the user; settings corrected.",
    "Replaced the cable and tested with the client.",
    "Opened a case with the manufacturer.",
    "Rolled back yesterday's update.",
    "Reset the account and enrolled the second factor again.",
    "On site: moved the device to another port.\nAll lights green.",
)
CLIENT_REPLIES = (
    "Still the same, sorry.",
    "It works now, thank you!",
    "We can be reached after 14:00.",
    "Here is the screenshot you asked for.",
)
DEVICES = (
    ("Workstation", "Contrapunt", "CP-440", "ExampleOS 12 Pro", "16 GB"),
    ("Laptop", "Contrapunt", "Feather 14", "ExampleOS 12 Pro", "16 GB"),
    ("Server", "Basalt", "Rack R2", "ExampleOS Server 2025", "128 GB"),
    ("Firewall", "Palisade", "PX-80", None, None),
    ("Switch", "Palisade", "SW-24P", None, None),
    ("Printer", "Inkling", "M-900", None, None),
)
CATALOG = (
    ("MSP-WS", "Managed workstation", "Managed Services", "Agreement", "In-house", 65.0, 18.5, True),
    ("MSP-SRV", "Managed server", "Managed Services", "Agreement", "In-house", 185.0, 52.0, True),
    ("BKP-1TB", "Backup, 1 TB", "Cloud", "Agreement", "Vaultline", 95.0, 41.0, True),
    ("MAIL-STD", "Mailbox, standard", "Cloud", "Agreement", "Example Licensing House", 12.5, 9.1, True),
    ("SEC-EDR", "Endpoint protection", "Security", "Agreement", "Palisade", 8.0, 3.25, True),
    ("NB-F14", "Notebook Feather 14", "Hardware", "Inventory", "Contrapunt", 1349.0, 1102.0, False),
    ("FW-PX80", "Firewall PX-80", "Hardware", "NonInventory", "Palisade", 899.0, 640.0, False),
    ("SW-24P", "Switch with 24 ports", "Hardware", "Inventory", "Palisade", 489.0, 351.5, False),
    ("MON-27", "Monitor, 27 inch", "Hardware", "Inventory", "Contrapunt", 289.0, 214.0, False),
    ("SVC-HR", "Hour of service", "Labor", "Service", "In-house", 145.0, 0.0, False),
)
PROJECTS = (
    ("Mail migration", "Move 60 mailboxes to the cloud.", ("Inventory", "Pilot", "Migration", "Sign-off")),
    ("Network refresh", "New switches and access points.", ("Survey", "Procurement", "Installation", "Handover")),
    ("Server replacement", "Two hosts and shared storage.", ("Design", "Build", "Cut-over", "Clean-up")),
    ("Security baseline", "Second factor, encryption, training.", ("Assessment", "Roll-out", "Training")),
)

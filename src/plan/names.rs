//! Names of attributes: RudderStack's, as its identify specification has them, and Courier's, the OIDC claims and
//! provider members its API reference lists.

/// Courier's name, and RudderStack's names for the same, best first.
pub(super) const ALIASES: [(&str, &[&str]); 5] = [
    ("phone_number", &["phone"]),
    ("given_name", &["firstName", "firstname", "first_name"]),
    ("family_name", &["lastName", "lastname", "last_name"]),
    ("birthdate", &["birthday", "dateOfBirth", "dob"]),
    ("picture", &["avatar"]),
];

/// The same for the members of `address`, which RudderStack also takes flat.
pub(super) const ADDRESS: [(&str, &[&str]); 5] = [
    ("street_address", &["street"]),
    ("locality", &["city"]),
    ("region", &["state"]),
    ("postal_code", &["postalCode", "zip"]),
    ("country", &["country"]),
];

/// What Courier understands at the top of a profile, provider members included.
pub(super) const KNOWN: [&str; 33] = [
    "sub",
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_name",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "phone_number_verified",
    "address",
    "updated_at",
    "firebaseToken",
    "apn",
    "expo",
    "aws_sns",
    "airship",
    "discord",
    "facebookPSID",
    "intercom",
    "slack",
    "ms_teams",
    "webhook",
    "courier",
];

//! Who may do what, and what a contact may see.

pub(super) mod visibility;

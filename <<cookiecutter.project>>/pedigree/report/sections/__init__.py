"""The sections of the report: one page from the verdict down to the snapshot, for people who run nothing."""

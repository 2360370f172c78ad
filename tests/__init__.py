"""A package, because another distribution installs one of the same name."""

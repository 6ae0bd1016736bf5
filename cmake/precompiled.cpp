// Exists to own the precompiled header that every library of the project reuses.

"""Pages and HTTP interfaces over the record and the verbs."""

"""kill -9 anywhere; resume; look at the end state and at the effects."""

"""The door of the plan: what it takes, and how it says what it does not take."""

"""Who may say yes, and how it is asked."""

"""The sandbox's pure parts: texts of rules, decisions, signatures."""

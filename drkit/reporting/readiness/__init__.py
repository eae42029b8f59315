"""What was looked at of a site, judged: facts in, findings out; a module for each kind."""

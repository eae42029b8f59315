"""The values that drkit works with. Nothing here reads, prints, or knows a tool."""

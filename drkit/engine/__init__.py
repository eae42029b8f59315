"""What may start now, and the small loop that starts it. Knows no tool."""

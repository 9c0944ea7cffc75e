"""One program for each engine. Each does one step in a process of its own and prints what it cost."""

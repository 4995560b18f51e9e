"""Real recordings of people: who tunes and who judges, how they are read, and what light and movement are in them."""

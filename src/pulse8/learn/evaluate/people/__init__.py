"""Methods held against recordings of real people: who tunes and who judges, and the table of docs/people.md."""

"""The board wing: what an INT8 file will do on a microcontroller, and the folder of C that runs it there."""

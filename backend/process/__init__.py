"""The process: its cores, memory and log."""

"""Long work on folders: a journal that survives kill -9, a queue, pause, resume and undo."""

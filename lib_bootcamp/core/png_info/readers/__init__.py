"""Generation parameters as each program writes them: `reading` asks them in turn and makes one record."""

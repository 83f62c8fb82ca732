"""What is kept: errors, atomic files, model weights and their cards. Every room may read from here."""

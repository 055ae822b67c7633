"""Files that `twin new` starts from; words in CAPITALS with @ around them are filled in."""

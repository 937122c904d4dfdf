"""What staff do with the readers: find them, change them, one or many, count them, write them out."""

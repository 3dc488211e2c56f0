// Unit tests of the rules follow.

//! Content of one side to content of the other. Pure.

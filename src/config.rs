//! `config.toml` to checked values.

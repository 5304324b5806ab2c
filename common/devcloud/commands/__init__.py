"""What each command of `shop` does; `devcloud.cli` puts them together."""

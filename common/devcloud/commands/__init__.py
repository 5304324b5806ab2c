"""The commands of `shop`, which `devcloud.cli` registers."""

"""What bench/run and tests/budget share: processes that are pinned, measured and always stopped."""

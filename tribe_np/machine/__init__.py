"""The machine this process runs on: threads, memory, control groups, the allocator."""

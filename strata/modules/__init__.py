"""The module library's own tools: what a module's interface is, how it changed, its version, its rules."""

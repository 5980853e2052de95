"""The surfaces: command line, routes and pages, all derived from the operations' declarations."""

"""What goes to AWS and how: packages, templates, stacks, releases, roles and workflows."""

"""What the stand-ins for payment gateways share: books, faults, the telling of webhooks, and how they are served."""

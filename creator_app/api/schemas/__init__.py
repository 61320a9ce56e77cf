"""What requests and answers look like, where a service has no shape of its own for it."""

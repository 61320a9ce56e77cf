"""Picture arithmetic on float32 arrays [batch, height, width, channels], values 0 to 1."""

"""What pages look like. Sees the states alone; no rule of the product lives here."""

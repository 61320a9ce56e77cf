"""Reflex states: who asks, one service, rows for the page. No rule of the product lives here."""

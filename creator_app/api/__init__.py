"""The REST interface: routes check who asks, call one service and answer. No rules live here."""
